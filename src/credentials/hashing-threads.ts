import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assertPasswordHash } from './password-hash.ts';

/** What a thread is to find out; it answers whether they belong together. */
export interface HashingQuestion {
  readonly password: string;
  readonly hash: string;
}

/** `.ts` from the sources, `.js` from a build. */
const ENTRY = new URL(`./hashing-thread${extname(import.meta.url)}`, import.meta.url);

/** Of the process: as many as were ever needed at once. They hold no process open. */
const idle: Worker[] = [];

/**
 * Verifies a password in a thread of its own, and starts one if none is idle: how many there are at
 * once is for the caller to bound. Neither requests wait for it, nor files and signatures, which
 * share the threads of libuv.
 * @throws TypeError for a hash that `parsePasswordHash` does not know
 */
export async function verifyInThread(password: string, hash: string): Promise<boolean> {
  assertPasswordHash(hash);
  const thread = idle.pop() ?? new Worker(ENTRY, { name: 'password hashes' });
  thread.ref();
  const question: HashingQuestion = { password, hash };
  thread.postMessage(question);
  const [isMatch]: unknown[] = await once(thread, 'message');
  thread.unref();
  idle.push(thread);
  return isMatch === true;
}
