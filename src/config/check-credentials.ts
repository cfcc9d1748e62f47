import {
  explainArgon2idCost,
  explainForeignHash,
  parsePasswordHash,
} from '../core/identity/password-hash.ts';
import type { Finding } from './problem.ts';
import type { RawConfig, RawCredential } from './schema.ts';

/** A credential and where it stands. */
interface Placed {
  readonly team: string;
  readonly path: readonly PropertyKey[];
  readonly credential: RawCredential;
}

/** Checks hashes, expiry, and that no two credentials can be taken for one another. */
export function checkCredentials(config: RawConfig, now: number): readonly Finding[] {
  const placed = Object.entries(config.teams).flatMap(([team, { credentials }]) =>
    credentials.map((credential, index) => ({
      team,
      credential,
      path: ['teams', team, 'credentials', index],
    })),
  );
  return [
    ...placed.flatMap(({ path, credential }) => checkOne(path, credential, now)),
    ...findRepeated(placed, 'the user name', 'username', userNameOf),
    ...findRepeated(placed, 'the token', 'sha256', tokenOf),
    ...findRepeated(placed, 'the name', 'name', nameInTeam),
  ];
}

/** What `printf "$TOKEN" | sha256sum` makes of a variable that is not set. */
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function checkOne(
  path: readonly PropertyKey[],
  credential: RawCredential,
  now: number,
): readonly Finding[] {
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
  if (hash?.algorithm === 'bcrypt') return undefined;
  if (hash?.algorithm === 'argon2id') return explainArgon2idCost(hash);
  const known = HTPASSWD_ONLY.find(([prefix]) => text.startsWith(prefix))?.[1];
  const why = known ? `${known} is only taken in an htpasswd file` : explainForeignHash(text);
  return `${why}: make a bcrypt or argon2id hash with "pushwarden hash-password"`;
}

function findRepeated(
  placed: readonly Placed[],
  what: string,
  key: string,
  identify: (placed: Placed) => string | undefined,
): readonly Finding[] {
  const first = new Map<string, Placed>();
  return placed.flatMap((one): Finding[] => {
    const id = identify(one);
    const twin = id === undefined ? undefined : first.get(id);
    if (id !== undefined && twin === undefined) first.set(id, one);
    if (twin === undefined) return [];
    const name = twin.credential.name ?? userNameOf(twin) ?? twin.credential.type;
    const message = `${what} is taken by credential ${name} of team ${twin.team}`;
    return [{ severity: 'error', path: [...one.path, key], message }];
  });
}

function userNameOf({ credential }: Placed): string | undefined {
  return credential.type === 'basic' ? credential.username : undefined;
}

function tokenOf({ credential }: Placed): string | undefined {
  return credential.type === 'token' ? credential.sha256.toLowerCase() : undefined;
}

function nameInTeam({ team, credential }: Placed): string | undefined {
  const name = credential.name ?? userNameOf({ team, path: [], credential });
  return name === undefined ? undefined : `${team}/${name}`;
}
