import { resolve as resolvePath } from 'node:path';
import type { ClaimCondition } from '../core/identity/claim-condition.ts';
import type { CredentialSpec } from '../core/identity/credential.ts';
import type { IssuerSpec, KeySource } from '../core/identity/issuer.ts';
import { parseDuration } from '../core/units.ts';
import { readHtpasswd } from './read-htpasswd.ts';
import type { Source } from './resolve.ts';
import type { RawConfig, RawCredential } from './schema.ts';
import { readText } from './secrets.ts';
import type { TlsConfig } from './types.ts';

/**
 * Completes credentials, the users of htpasswd files included.
 * @throws GatewayError ERR_SECRET_UNREADABLE
 */
export function resolveCredential(raw: RawCredential, source: Source): CredentialSpec {
  const common = {
    name: raw.name ?? '', // a name is asked for where no user name can stand in for it
    ...(raw.expires !== undefined && { expires: Date.parse(raw.expires) }),
  };
  switch (raw.type) {
    case 'basic': {
      const { username, name = username, password_hash: passwordHash } = raw;
      return { ...common, type: 'basic', name, username, passwordHash };
    }
    case 'htpasswd': {
      const file = resolvePath(source.directory, raw.file);
      return {
        ...common,
        type: 'htpasswd',
        users: source.readsSecrets ? readHtpasswd(file).users : [],
      };
    }
    case 'token':
      return { ...common, type: 'token', sha256: raw.sha256.toLowerCase() };
    case 'jwt':
      return { ...common, type: 'jwt', issuer: raw.issuer, claims: resolveClaims(raw.claims) };
    case 'certificate':
      return {
        ...common,
        type: 'certificate',
        ...(raw.san !== undefined && { san: raw.san }),
        ...(raw.fingerprint !== undefined && {
          fingerprint: raw.fingerprint.replaceAll(':', '').toLowerCase(),
        }),
      };
  }
}

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveIssuers(
  issuers: RawConfig['issuers'],
  source: Source,
): readonly IssuerSpec[] {
  return Object.entries(issuers).map(([name, raw]) => ({
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

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveTls(
  raw: NonNullable<RawConfig['tls']>,
  { directory, readsSecrets }: Source,
): TlsConfig {
  const read = (file: string): string =>
    readsSecrets ? readText(resolvePath(directory, file)) : '';
  return {
    cert: read(raw.cert_file),
    key: read(raw.key_file),
    ...(raw.client_ca_file !== undefined && { clientCa: read(raw.client_ca_file) }),
  };
}

function resolveClaims(
  claims: Extract<RawCredential, { type: 'jwt' }>['claims'],
): readonly ClaimCondition[] {
  return Object.entries(claims).map(([claim, value]) => ({
    claim,
    patterns: (Array.isArray(value) ? value : [value]).map(String),
  }));
}

function resolveKeySource(
  raw: RawConfig['issuers'][string],
  { directory, readsSecrets }: Source,
): KeySource {
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
