import { argon2Sync } from 'node:crypto';

/** As cheap as can be. */
const CHEAP = { memory: 64, passes: 1 };

/** An argon2id hash in PHC form, always the same for a password; memory in KiB. */
export function argon2idHash(password: string, { memory, passes } = CHEAP): string {
  const nonce = Buffer.from('sixteen bytes ok');
  const cost = { parallelism: 1, tagLength: 32, memory, passes };
  const tag = argon2Sync('argon2id', { message: password, nonce, ...cost });
  const [salt, digest] = [nonce, tag].map((it) => it.toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${salt}$${digest}`;
}
