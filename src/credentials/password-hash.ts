import { argon2Sync, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { genSaltSync, verifySync as verifyBcrypt } from '@node-rs/bcrypt';
import apacheMd5 from 'apache-md5';
import {
  type Argon2idHash,
  type PasswordHash,
  parsePasswordHash,
} from '../core/identity/password-hash.ts';

/** Its types mistake `module.exports` for a default export. */
const hashApr1 = apacheMd5 as unknown as (password: string, salt: string) => string;

/** bcrypt looks at no more bytes than this, so a longer password is refused. */
const BCRYPT_MAX_BYTES = 72;

/**
 * Verifies a password against a hash of a kind that `parsePasswordHash` knows; takes as long as it
 * costs, so it is for threads that nobody waits for. A password longer than bcrypt looks at never
 * matches, and costs as much as a wrong one.
 * @throws TypeError for any other hash; the configuration is checked before
 */
export function verifyPassword(password: string, hash: string): boolean {
  const parsed = parse(hash);
  switch (parsed.algorithm) {
    case 'bcrypt':
      return verifyBcrypt(password, hash) && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
    case 'argon2id':
      return verifyArgon2id(password, parsed);
    case 'apr1':
      // The package takes each character for a byte.
      return isSame(hashApr1(Buffer.from(password).toString('latin1'), hash), hash);
    case 'sha1': {
      const digest = createHash('sha1').update(password).digest();
      return timingSafeEqual(digest, Buffer.from(parsed.digest, 'base64'));
    }
  }
}

/** @throws TypeError for a hash that cannot be verified */
export function assertPasswordHash(hash: string): void {
  parse(hash);
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

function verifyArgon2id(password: string, hash: Argon2idHash): boolean {
  const { memory, passes, lanes: parallelism } = hash;
  const [nonce, tag] = [Buffer.from(hash.salt, 'base64'), Buffer.from(hash.tag, 'base64')];
  const tagLength = tag.byteLength;
  const parameters = { message: password, nonce, parallelism, tagLength, memory, passes };
  return timingSafeEqual(argon2Sync('argon2id', parameters), tag);
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function parse(hash: string): PasswordHash {
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
