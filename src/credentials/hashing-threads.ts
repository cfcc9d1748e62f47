import { extname } from 'node:path';
import { createThreadPool } from '../threads/thread-pool.ts';
import { assertPasswordHash } from './password-hash.ts';

/** What a thread is to find out; it answers whether they belong together. */
export interface HashingQuestion {
  readonly password: string;
  readonly hash: string;
}

/** `.ts` from the sources, `.js` from a build. */
const ENTRY = new URL(`./hashing-thread${extname(import.meta.url)}`, import.meta.url);

/** Of the process. */
const threads = createThreadPool(ENTRY, 'password hashes');

/**
 * Verifies a password in a thread of its own: how many there are at once is for the caller to bound.
 * Neither requests wait for it, nor files and signatures, which share the threads of libuv.
 * @throws TypeError for a hash that `parsePasswordHash` does not know
 */
export async function verifyInThread(password: string, hash: string): Promise<boolean> {
  assertPasswordHash(hash);
  const question: HashingQuestion = { password, hash };
  return (await threads.ask(question)) === true;
}
