import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import {
  type IssuerSpec,
  type KeySource,
  SIGNATURE_ALGORITHMS,
} from '../../core/identity/issuer.ts';
import { hasSecretKey, parseJwks } from '../../core/identity/jwks.ts';
import { parseDuration } from '../../core/units.ts';
import { isLoopbackUrl } from '../engine/loopback.ts';
import { inspectBy, type NamedFile, type Remark } from '../engine/named-file.ts';
import { readCertificates } from '../engine/pem.ts';
import type { Finding } from '../engine/problem.ts';
import { readText } from '../engine/secrets.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';

const issuer = z.strictObject({
  issuer: z.string().min(1).describe('the `iss` of its tokens'),
  audience: z.string().min(1).describe('the `aud` that a token must have'),
  jwks_uri: z.url().optional().describe('where its keys are; left out: found by discovery'),
  jwks_file: value.path.optional().describe('its keys in a file'),
  algorithms: z
    .array(z.enum(SIGNATURE_ALGORITHMS))
    .min(1, 'must name at least one algorithm')
    .default([...SIGNATURE_ALGORITHMS])
    .describe('signature algorithms to take'),
  typ: z.string().optional().describe('the `typ` that a token must have'),
  ca_file: value.path.optional().describe('PEM certificates to trust for jwks_uri'),
  bearer_file: value.path.optional().describe('token to send to jwks_uri'),
  max_lifetime: value.duration.default('24h').describe('longest `exp` minus `iat`'),
  max_stale: value.duration.default('24h').describe('how long keys outlive their source'),
});

/** `issuers`. */
export const issuers = z.record(value.name, issuer).default({}).describe('who signs tokens');

type RawIssuer = z.output<typeof issuer>;
type RawIssuers = Readonly<Record<string, RawIssuer>>;

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveIssuers(raws: RawIssuers, source: Source): readonly IssuerSpec[] {
  return Object.entries(raws).map(([name, raw]) => ({
    name,
    issuer: raw.issuer,
    audience: raw.audience,
    algorithms: raw.algorithms,
    ...(raw.typ !== undefined && { typ: raw.typ }),
    maxLifetimeMs: parseDuration(raw.max_lifetime),
    maxStaleMs: parseDuration(raw.max_stale),
    keys: resolveKeySource(raw, source),
  }));
}

function resolveKeySource(raw: RawIssuer, { directory, readsSecrets }: Source): KeySource {
  const read = (file: string): string =>
    readsSecrets ? readText(resolvePath(directory, file)) : '';
  if (raw.jwks_file !== undefined) return { type: 'file', jwks: read(raw.jwks_file) };
  return {
    type: 'remote',
    ...(raw.jwks_uri !== undefined && { jwksUri: raw.jwks_uri }),
    ...(raw.ca_file !== undefined && { ca: read(raw.ca_file) }),
    ...(raw.bearer_file !== undefined && { bearerFile: resolvePath(directory, raw.bearer_file) }),
  };
}

/** Checks where the keys of each issuer come from. */
export function checkIssuers(raw: RawIssuers): readonly Finding[] {
  return Object.entries(raw).flatMap(([name, issuer]) => {
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
  if (url.protocol === 'https:' || isLoopbackUrl(url)) return [];
  const message = 'the keys come in the clear: whoever is on their way can replace them';
  return [{ severity: 'warning', path: [...path, key], message }];
}

/** The key sets, authorities and tokens that issuers name. */
export function listIssuersFiles(raws: RawIssuers, directory: string): readonly NamedFile[] {
  return Object.entries(raws).flatMap(([name, raw]) =>
    listIssuerFiles(['issuers', name], raw, directory),
  );
}

function listIssuerFiles(
  path: readonly PropertyKey[],
  issuer: RawIssuer,
  directory: string,
): readonly NamedFile[] {
  const inspectors = {
    jwks_file: (file: string) => () => inspectJwks(file),
    ca_file: (file: string) => inspectBy(() => readCertificates(file)),
    bearer_file: (file: string) => inspectBy(() => readText(file)),
  };
  return Object.entries(inspectors).flatMap(([key, inspectorOf]): readonly NamedFile[] => {
    const name = issuer[key as keyof typeof inspectors]; // a key of a const object
    if (name === undefined) return [];
    const file = resolvePath(directory, name);
    return [{ path: [...path, key], file, inspect: inspectorOf(file) }];
  });
}

function inspectJwks(file: string): readonly Remark[] {
  const text = readText(file);
  parseJwks(text);
  if (!hasSecretKey(text)) return [];
  const message = `${file} has a secret key in it, with which its readers can sign tokens: keep the public ones`;
  return [{ severity: 'warning', message }];
}
