import { timingSafeEqual } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import apacheMd5 from 'apache-md5';
import type { Apr1Answer, Apr1Question } from './apr1.ts';

/** Its types mistake `module.exports` for a default export. */
const hashApr1 = apacheMd5 as unknown as (password: string, salt: string) => string;

parentPort?.on('message', ({ id, password, hash }: Apr1Question) => {
  // The package takes each character for a byte.
  const computed = hashApr1(Buffer.from(password).toString('latin1'), hash);
  const isMatch =
    computed.length === hash.length && timingSafeEqual(Buffer.from(computed), Buffer.from(hash));
  const answer: Apr1Answer = { id, isMatch };
  parentPort?.postMessage(answer);
});
