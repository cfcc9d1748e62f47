import { argon2Sync } from 'node:crypto';

/** An argon2id hash in PHC form, as cheap as can be and always the same for a password. */
export function argon2idHash(password: string): string {
  const nonce = Buffer.from('sixteen bytes ok');
  const cost = { parallelism: 1, tagLength: 32, memory: 64, passes: 1 };
  const tag = argon2Sync('argon2id', { message: password, nonce, ...cost });
  const [salt, digest] = [nonce, tag].map((it) => it.toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=64,t=1,p=1$${salt}$${digest}`;
}
