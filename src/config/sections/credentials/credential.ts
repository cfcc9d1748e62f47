import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import type { ClaimCondition } from '../../../core/identity/claim-condition.ts';
import type { CredentialSpec } from '../../../core/identity/credential.ts';
import type { CredentialKind } from '../../../core/identity/principal.ts';
import type { Source } from '../../engine/source.ts';
import * as value from '../../engine/values.ts';
import { readHtpasswd } from './htpasswd.ts';

const common = {
  name: value.name.optional().describe('for the audit log; the user name where left out'),
  expires: value.instant.optional().describe('from then on it is refused'),
};
const kind = <Kind extends CredentialKind>(type: Kind) =>
  z.literal(type).describe('kind of the credential');

/** SHA-256 as `openssl x509 -fingerprint` writes it, or without the colons. */
const fingerprint = value.matching(
  /^(?:[0-9a-fA-F]{64}|(?:[0-9a-fA-F]{2}:){31}[0-9a-fA-F]{2})$/,
  'must be the SHA-256 of the certificate, 64 hexadecimal digits, with colons or without',
);

const claimValue = z.union([z.string(), z.number(), z.boolean()]);

/** One of a team's `credentials`. */
export const credential = z.discriminatedUnion('type', [
  z.strictObject({
    type: kind('basic'),
    ...common,
    username: value.username.describe('unique over all teams'),
    password_hash: z.string().describe('bcrypt or argon2id; see `pushwarden hash-password`'),
  }),
  z.strictObject({
    type: kind('htpasswd'),
    ...common,
    file: value.path.describe('htpasswd file; each of its users is the team'),
  }),
  z.strictObject({
    type: kind('token'),
    ...common,
    sha256: value
      .matching(/^[0-9a-fA-F]{64}$/, 'must be the SHA-256 of the token, 64 hexadecimal digits')
      .describe('SHA-256 of the token; see `pushwarden token create`'),
  }),
  z.strictObject({
    type: kind('jwt'),
    ...common,
    issuer: value.name.describe('one of `issuers`'),
    claims: z
      .record(z.string(), z.union([claimValue, z.array(claimValue)]))
      .describe('conditions on the claims, all of which must hold'),
  }),
  z.strictObject({
    type: kind('certificate'),
    ...common,
    san: value.glob.optional().describe('glob on a subject alternative name, DNS or URI'),
    fingerprint: fingerprint.optional().describe('SHA-256 of the certificate'),
  }),
]);

export type RawCredential = z.output<typeof credential>;

/** A credential of one kind. */
export type RawCredentialOf<Kind extends CredentialKind> = Extract<RawCredential, { type: Kind }>;

/** A credential and where it stands. */
export interface PlacedCredential {
  readonly team: string;
  readonly path: readonly PropertyKey[];
  readonly credential: RawCredential;
}

/** Lists the credentials of all teams, in the order of the file. */
export function listCredentials(
  teams: Readonly<Record<string, { readonly credentials: readonly RawCredential[] }>>,
): readonly PlacedCredential[] {
  return Object.entries(teams).flatMap(([team, { credentials }]) =>
    credentials.map((credential, index) => ({
      team,
      path: ['teams', team, 'credentials', index],
      credential,
    })),
  );
}

/** The name in the audit log, or what stands in for it in a message. */
export function nameOf(raw: RawCredential): string {
  return raw.name ?? (raw.type === 'basic' ? raw.username : raw.type);
}

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

function resolveClaims(claims: RawCredentialOf<'jwt'>['claims']): readonly ClaimCondition[] {
  return Object.entries(claims).map(([claim, value]) => ({
    claim,
    patterns: (Array.isArray(value) ? value : [value]).map(String),
  }));
}
