/** What a password hash is. */
export type PasswordHash =
  | { readonly algorithm: 'bcrypt'; readonly cost: number }
  | Argon2idHash
  | { readonly algorithm: 'apr1' }
  | { readonly algorithm: 'sha1'; readonly digest: string };

/** @see RFC 9106 section 3.1 */
export interface Argon2idHash {
  readonly algorithm: 'argon2id';
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly lanes: number;
  /** Base64 without padding. */
  readonly salt: string;
  readonly tag: string;
}

const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const ARGON2ID =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;
const APR1 = /^\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$/;
const SHA1 = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
/** What one verification may cost. */
const ARGON2ID_MAX = { memory: 1_048_576, passes: 64, lanes: 16 } as const;

/** What people paste, and why it is refused. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^\$2/, 'the bcrypt hash is not complete'],
  [/^\$argon2(?:i|d)\$/, 'of the argon2 kinds only argon2id is supported'],
  [/^\$apr1\$/, 'the $apr1$ hash is not complete'],
  [/^\{SHA\}/, 'the {SHA} hash is not complete'],
  [/^\$[1567y]\$/, 'a crypt hash is not supported'],
  [/^[./A-Za-z0-9]{13}$/, 'a DES crypt hash is not supported'],
  [/^[^${:]+$/, 'a password in plain text is not supported'],
];

/**
 * Reads a password hash: bcrypt, argon2id, or what htpasswd makes beside, `$apr1$` and `{SHA}`.
 * @returns undefined for anything else, for which `explainForeignHash` has words
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const cost = BCRYPT.exec(text)?.[1];
  if (cost !== undefined) return { algorithm: 'bcrypt', cost: Number(cost) };
  if (APR1.test(text)) return { algorithm: 'apr1' };
  const digest = SHA1.exec(text)?.[1];
  if (digest !== undefined) return { algorithm: 'sha1', digest };
  const [, memory, passes, lanes, salt, tag] = ARGON2ID.exec(text) ?? [];
  if (salt === undefined || tag === undefined) return undefined;
  return {
    algorithm: 'argon2id',
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt,
    tag,
  };
}

/** What is wrong with text that is no hash, or none that is taken; never shows it. */
export function explainForeignHash(text: string): string {
  return FOREIGN.find(([pattern]) => pattern.test(text))?.[1] ?? 'is not a password hash';
}

/** What is wrong with the cost of an argon2id hash; undefined when it can be paid. */
function explainArgon2idCost(hash: Argon2idHash): string | undefined {
  const { memory, passes, lanes } = hash;
  if (lanes < 1 || passes < 1 || memory < 8 * lanes) {
    return 'the argon2id hash has parameters that are too small: at least m=8*p,t=1,p=1';
  }
  const { memory: maxMemory, passes: maxPasses, lanes: maxLanes } = ARGON2ID_MAX;
  if (memory <= maxMemory && passes <= maxPasses && lanes <= maxLanes) return undefined;
  return `the argon2id hash would cost too much: at most m=${maxMemory},t=${maxPasses},p=${maxLanes}`;
}

/** A step doubles the time: 16 is some seconds, 31 more than a day. */
const BCRYPT_MAX_COST = 16;

/** Says what is wrong with what a hash costs to compute, if anything is. */
export function explainHashCost(hash: PasswordHash): string | undefined {
  if (hash.algorithm === 'argon2id') return explainArgon2idCost(hash);
  if (hash.algorithm !== 'bcrypt' || hash.cost <= BCRYPT_MAX_COST) return undefined;
  return `the bcrypt hash would cost too much: at most ${BCRYPT_MAX_COST}, it has ${hash.cost}`;
}
