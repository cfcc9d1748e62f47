import { parentPort } from 'node:worker_threads';
import { giveWay } from '../threads/give-way.ts';
import type { HashingQuestion } from './hashing-threads.ts';
import { verifyPassword } from './password-hash.ts';

// Whoever sends wrong passwords keeps a hash going all the time.
giveWay();
parentPort?.on('message', ({ password, hash }: HashingQuestion) => {
  parentPort?.postMessage(verifyPassword(password, hash));
});
