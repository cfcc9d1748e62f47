import { once } from 'node:events';
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

/** Threads that answer questions, one at a time each. */
export interface ThreadPool {
  /**
   * Asks a thread that is idle, or one that is started for it: how many there are at once is for
   * the caller to bound.
   * @param transferred - what is given away with the question and not copied
   */
  ask(question: unknown, transferred?: readonly Transferable[]): Promise<unknown>;
}

/**
 * Creates a pool, of as many threads as were ever needed at once. They hold no process open.
 * @param entry - the module that a thread runs: it answers each message with one
 */
export function createThreadPool(entry: URL, name: string): ThreadPool {
  const idle: Worker[] = [];
  return {
    async ask(question, transferred = []) {
      const thread = idle.pop() ?? new Worker(entry, { name });
      thread.ref();
      thread.postMessage(question, transferred);
      // A thread that breaks down rejects here, and is not used again.
      const [answer]: unknown[] = await once(thread, 'message');
      thread.unref();
      idle.push(thread);
      return answer;
    },
  };
}
