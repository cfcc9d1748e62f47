import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the thread is to find out. */
export interface Apr1Question {
  readonly password: string;
  readonly hash: string;
}

/**
 * Verifies a password against an `$apr1$` hash, in a thread of its own: its thousand rounds of MD5
 * would stand in the way of every request.
 */
export function verifyApr1(password: string, hash: string): Promise<boolean> {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./apr1-thread${extname(import.meta.url)}`, import.meta.url);
  const question: Apr1Question = { password, hash };
  const thread = new Worker(entry, { workerData: question });
  thread.unref();
  return new Promise((resolve, reject) => {
    thread.once('message', (isMatch: boolean) => resolve(isMatch));
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}
