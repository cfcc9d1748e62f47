import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { genSaltSync, verify as verifyBcrypt } from '@node-rs/bcrypt';

/** bcrypt looks at no more bytes than this, so a longer password is refused. */
const BCRYPT_MAX_BYTES = 72;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const ARGON2ID =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const runArgon2 = promisify(argon2);

/**
 * Verifies a password against a bcrypt (`$2a$`, `$2b$`, `$2y$`) or argon2id PHC hash, off the main
 * thread. A password longer than bcrypt looks at never matches, and costs as much as a wrong one.
 * @throws TypeError for any other hash; the configuration is checked before
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (BCRYPT.test(hash)) {
    const matches = await verifyBcrypt(password, hash);
    return matches && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
  }
  const argon = parseArgon2id(hash);
  if (argon === undefined) throw new TypeError('not a bcrypt or argon2id hash');
  const { memory, passes, parallelism, nonce, tag } = argon;
  const tagLength = tag.byteLength;
  const parameters = { message: password, nonce, parallelism, tagLength, memory, passes };
  return timingSafeEqual(await runArgon2('argon2id', parameters), tag);
}

/**
 * Makes a hash that no password matches and that costs as much to verify as `hash`: unknown users
 * are measured against it, so that time does not tell them from known ones.
 */
export function createDecoy(hash: string): string {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined) {
    // A digit with stray bits would end verification before any hash is computed; `.` has none.
    const digits = randomBytes(24).toString('base64').replaceAll('+', '.').slice(0, 30);
    return `${genSaltSync({ cost: Number(cost) })}${digits}.`;
  }
  const argon = parseArgon2id(hash);
  if (argon === undefined) throw new TypeError('not a bcrypt or argon2id hash');
  const { memory, passes, parallelism, nonce, tag } = argon;
  const random = (length: number): string =>
    randomBytes(length).toString('base64').replaceAll('=', '');
  const parameters = `m=${memory},t=${passes},p=${parallelism}`;
  return `$argon2id$v=19$${parameters}$${random(nonce.byteLength)}$${random(tag.byteLength)}`;
}

interface Argon2idHash {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly nonce: Buffer;
  readonly tag: Buffer;
}

function parseArgon2id(hash: string): Argon2idHash | undefined {
  const [, memory, passes, parallelism, nonce, tag] = ARGON2ID.exec(hash) ?? [];
  if (nonce === undefined || tag === undefined) return undefined;
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}
