import { timingSafeEqual } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import apacheMd5 from 'apache-md5';
import type { Apr1Question } from './apr1.ts';

/** Its types mistake `module.exports` for a default export. */
const hashApr1 = apacheMd5 as unknown as (password: string, salt: string) => string;
const { password, hash } = workerData as Apr1Question; // what `verifyApr1` sent
// The package takes each character for a byte.
const bytes = Buffer.from(password).toString('latin1');
const computed = Buffer.from(hashApr1(bytes, hash));
const expected = Buffer.from(hash);
parentPort?.postMessage(computed.length === expected.length && timingSafeEqual(computed, expected));
