import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { genSaltSync, verify as verifyBcrypt } from '@node-rs/bcrypt';
import { type Argon2idHash, parsePasswordHash } from '../core/identity/password-hash.ts';
import { verifyApr1 } from './apr1.ts';

/** bcrypt looks at no more bytes than this, so a longer password is refused. */
const BCRYPT_MAX_BYTES = 72;

const runArgon2 = promisify(argon2);

/**
 * Verifies a password against a hash of a kind that `parsePasswordHash` knows, off the main thread
 * but for `{SHA}`, which costs nothing. A password longer than bcrypt looks at never matches, and
 * costs as much as a wrong one.
 * @throws TypeError for any other hash; the configuration is checked before
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash);
  switch (parsed.algorithm) {
    case 'bcrypt': {
      const matches = await verifyBcrypt(password, hash);
      return matches && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
    }
    case 'argon2id':
      return verifyArgon2id(password, parsed);
    case 'apr1':
      return verifyApr1(password, hash);
    case 'sha1': {
      const digest = createHash('sha1').update(password).digest();
      return timingSafeEqual(digest, Buffer.from(parsed.digest, 'base64'));
    }
  }
}

/**
 * Makes a hash that no password matches and that costs as much to verify as `hash`: unknown users
 * are measured against it, so that time does not tell them from known ones.
 */
export function createDecoy(hash: string): string {
  const parsed = parse(hash);
  switch (parsed.algorithm) {
    case 'bcrypt': {
      // A digit with stray bits would end verification before any hash is computed; `.` has none.
      const digits = randomText(24).replaceAll('+', '.').slice(0, 30);
      return `${genSaltSync({ cost: parsed.cost })}${digits}.`;
    }
    case 'argon2id': {
      const { memory, passes, lanes, salt, tag } = parsed;
      const [randomSalt, randomTag] = [salt, tag].map((text) => randomText(byteLength(text)));
      return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${randomSalt}$${randomTag}`;
    }
    case 'apr1': {
      const text = randomText(24).replaceAll('+', '.');
      return `$apr1$${text.slice(0, 8)}$${text.slice(8, 29)}.`;
    }
    case 'sha1':
      return `{SHA}${randomBytes(20).toString('base64')}`;
  }
}

async function verifyArgon2id(password: string, hash: Argon2idHash): Promise<boolean> {
  const { memory, passes, lanes: parallelism } = hash;
  const [nonce, tag] = [Buffer.from(hash.salt, 'base64'), Buffer.from(hash.tag, 'base64')];
  const tagLength = tag.byteLength;
  const parameters = { message: password, nonce, parallelism, tagLength, memory, passes };
  return timingSafeEqual(await runArgon2('argon2id', parameters), tag);
}

function parse(hash: string) {
  const parsed = parsePasswordHash(hash);
  if (parsed === undefined) throw new TypeError('not a password hash that can be verified');
  return parsed;
}

function byteLength(base64: string): number {
  return Buffer.from(base64, 'base64').byteLength;
}

/** Base64 without padding. */
function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('=', '');
}
