import type { Finding } from './problem.ts';
import type { RawConfig, RawCredential } from './schema.ts';

/** A credential and where it stands. */
interface Placed {
  readonly team: string;
  readonly path: readonly PropertyKey[];
  readonly credential: RawCredential;
}

const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const ARGON2ID =
  /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/;
/** What one verification may cost; memory in KiB. */
const ARGON2ID_MAX = { memory: 1_048_576, passes: 64, lanes: 16 } as const;

/** What people paste, and why it is refused. */
const FOREIGN_HASHES: readonly (readonly [RegExp, string])[] = [
  [/^\$apr1\$/, 'an $apr1$ hash (MD5) is only taken in an htpasswd file'],
  [/^\{SHA\}/, 'an {SHA} hash has no salt'],
  [/^\$[156]\$/, 'a crypt hash is not supported'],
  [/^\$argon2(?:i|d)\$/, 'of the argon2 kinds only argon2id is supported'],
  [/^\$2/, 'the bcrypt hash is not complete'],
];

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
  if (credential.expires !== undefined && Date.parse(credential.expires) <= now) {
    const message = 'has expired: the credential is refused';
    findings.push({ severity: 'warning', path: [...path, 'expires'], message });
  }
  return findings;
}

/** What is wrong with a password hash; never shows it. */
function explainHash(hash: string): string | undefined {
  if (BCRYPT.test(hash)) return undefined;
  const parameters = ARGON2ID.exec(hash)?.slice(1).map(Number);
  if (parameters !== undefined) {
    return explainCost(parameters);
  }
  const why =
    FOREIGN_HASHES.find(([pattern]) => pattern.test(hash))?.[1] ?? 'is not a password hash';
  return `${why}: make a bcrypt or argon2id hash with "pushwarden hash-password"`;
}

/** @see RFC 9106 section 3.1 for the least of each parameter */
function explainCost([memory = 0, passes = 0, lanes = 0]: readonly number[]): string | undefined {
  if (lanes < 1 || passes < 1 || memory < 8 * lanes) {
    return 'the argon2id hash has parameters that are too small: at least m=8*p,t=1,p=1';
  }
  const { memory: maxMemory, passes: maxPasses, lanes: maxLanes } = ARGON2ID_MAX;
  if (memory <= maxMemory && passes <= maxPasses && lanes <= maxLanes) return undefined;
  return `the argon2id hash would cost too much: at most m=${maxMemory},t=${maxPasses},p=${maxLanes}`;
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
