import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the thread is to find out. */
export interface Apr1Question {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

/** What it found out. */
export interface Apr1Answer {
  readonly id: number;
  readonly isMatch: boolean;
}

interface Apr1Thread {
  ask(password: string, hash: string): Promise<boolean>;
}

/** One for the process, from the first hash on; idle, it holds no process open. */
let thread: Apr1Thread | undefined;

/**
 * Verifies a password against an `$apr1$` hash, in another thread: its thousand rounds of MD5 would
 * stand in the way of every request.
 */
export function verifyApr1(password: string, hash: string): Promise<boolean> {
  thread ??= startThread(() => {
    thread = undefined;
  });
  return thread.ask(password, hash);
}

function startThread(onEnd: () => void): Apr1Thread {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./apr1-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(entry);
  const waiting = new Map<number, PromiseWithResolvers<boolean>>();
  let lastId = 0;
  worker.on('message', ({ id, isMatch }: Apr1Answer) => {
    waiting.get(id)?.resolve(isMatch);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', (error) => {
    onEnd();
    for (const { reject } of waiting.values()) reject(error);
  });
  return {
    ask(password, hash) {
      lastId += 1;
      const answer = Promise.withResolvers<boolean>();
      waiting.set(lastId, answer);
      worker.ref();
      const question: Apr1Question = { id: lastId, password, hash };
      worker.postMessage(question);
      return answer.promise;
    },
  };
}
