import {
  explainForeignHash,
  explainHashCost,
  parsePasswordHash,
} from '../../../core/identity/password-hash.ts';
import type { Finding } from '../../engine/problem.ts';
import { checkClaims } from './claims.ts';
import type { PlacedCredential, RawCredentialOf } from './credential.ts';
import { checkUnique } from './unique-credentials.ts';

/** What credentials are held against. */
interface Surroundings {
  readonly issuers: Readonly<Record<string, { readonly issuer: string }>>;
  readonly tls?: { readonly client_ca_file?: string | undefined } | undefined;
}

/**
 * Checks hashes, expiry and conditions, and that no two credentials can be taken for one another.
 * @param now - milliseconds since the epoch
 */
export function checkCredentials(
  placed: readonly PlacedCredential[],
  { issuers, tls }: Surroundings,
  now: number,
): readonly Finding[] {
  return [
    ...placed.flatMap((one) => checkOne(one, now)),
    ...checkUnique(placed),
    ...placed.flatMap(({ path, credential }): readonly Finding[] => {
      switch (credential.type) {
        case 'jwt':
          return checkClaims(path, credential, issuers);
        case 'certificate':
          return checkCertificate(path, credential, tls?.client_ca_file !== undefined);
        default:
          return [];
      }
    }),
  ];
}

/** What `printf "$TOKEN" | sha256sum` makes of a variable that is not set. */
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function checkOne({ path, credential }: PlacedCredential, now: number): readonly Finding[] {
  const findings: Finding[] = [];
  if (credential.type === 'basic') {
    const message = explainHash(credential.password_hash);
    if (message) findings.push({ severity: 'error', path: [...path, 'password_hash'], message });
  } else if (credential.name === undefined) {
    const message = 'needs a name, for the audit log';
    findings.push({ severity: 'error', path, message });
  }
  if (credential.type === 'token' && credential.sha256.toLowerCase() === SHA256_OF_NOTHING) {
    const message = 'is the hash of an empty token, so that an empty password would do';
    findings.push({ severity: 'error', path: [...path, 'sha256'], message });
  }
  if (credential.expires !== undefined && Date.parse(credential.expires) <= now) {
    const message = 'has expired: the credential is refused';
    findings.push({ severity: 'warning', path: [...path, 'expires'], message });
  }
  return findings;
}

/** What htpasswd makes and is only taken from there. */
const HTPASSWD_ONLY: readonly (readonly [prefix: string, name: string])[] = [
  ['$apr1$', 'an $apr1$ hash (MD5)'],
  ['{SHA}', 'an {SHA} hash'],
];

/** What is wrong with a password hash; never shows it. */
function explainHash(text: string): string | undefined {
  const hash = parsePasswordHash(text);
  if (hash?.algorithm === 'bcrypt' || hash?.algorithm === 'argon2id') return explainHashCost(hash);
  const known = HTPASSWD_ONLY.find(([prefix]) => text.startsWith(prefix))?.[1];
  const why = known ? `${known} is only taken in an htpasswd file` : explainForeignHash(text);
  return `${why}: make a bcrypt or argon2id hash with "pushwarden hash-password"`;
}

function checkCertificate(
  path: readonly PropertyKey[],
  { san, fingerprint }: RawCredentialOf<'certificate'>,
  asksForCertificates: boolean,
): readonly Finding[] {
  const findings: Finding[] = [];
  if (san === undefined && fingerprint === undefined) {
    const message = 'is required where there is no san';
    findings.push({ severity: 'error', path: [...path, 'fingerprint'], message });
  }
  if (!asksForCertificates) {
    const message = 'needs tls.client_ca_file: clients are not asked for certificates';
    findings.push({ severity: 'error', path, message });
  }
  return findings;
}
