import { isLoopbackHost } from './loopback.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';

type RawIssuer = RawConfig['issuers'][string];

/** Checks where the keys of each issuer come from. */
export function checkIssuers({ issuers }: RawConfig): readonly Finding[] {
  return Object.entries(issuers).flatMap(([name, issuer]) => {
    const path = ['issuers', name];
    return issuer.jwks_file === undefined ? checkRemote(path, issuer) : checkFile(path, issuer);
  });
}

/** Keys in a file leave nothing to fetch. */
function checkFile(path: readonly PropertyKey[], issuer: RawIssuer): readonly Finding[] {
  return (['jwks_uri', 'ca_file', 'bearer_file'] as const)
    .filter((key) => issuer[key] !== undefined)
    .map((key) => {
      return { severity: 'error', path: [...path, key], message: 'is of no use beside jwks_file' };
    });
}

function checkRemote(path: readonly PropertyKey[], issuer: RawIssuer): readonly Finding[] {
  const { jwks_uri: jwksUri } = issuer;
  const key = jwksUri === undefined ? 'issuer' : 'jwks_uri';
  const text = jwksUri ?? issuer.issuer;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    const what =
      'is no URL with http or https, so there is no discovery: give jwks_uri or jwks_file';
    const message = key === 'issuer' ? what : 'must be a URL with http or https';
    return [{ severity: 'error', path: [...path, key], message }];
  }
  if (url.protocol === 'https:' || isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''))) return [];
  const message = 'the keys come in the clear: whoever is on their way can replace them';
  return [{ severity: 'warning', path: [...path, key], message }];
}
