import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { HashingQuestion } from './hashing-threads.ts';
import { verifyPassword } from './password-hash.ts';

/** Niceness: some tenth of a core that requests want too, and all of one that nobody else does. */
const GIVES_WAY = 10;

yieldToRequests();
parentPort?.on('message', ({ password, hash }: HashingQuestion) => {
  parentPort?.postMessage(verifyPassword(password, hash));
});

/** Whoever sends wrong passwords keeps a hash going all the time; pushes must not wait for a core. */
function yieldToRequests(): void {
  // Elsewhere a priority is that of a whole process.
  if (process.platform !== 'linux') return;
  try {
    const [, thread] = readlinkSync('/proc/thread-self').split('/task/');
    setPriority(Number(thread), GIVES_WAY);
  } catch {
    // A sandbox may forbid it, or have no /proc: hashes then count as much as requests.
  }
}
