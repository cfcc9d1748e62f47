import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nodeFileSystem } from '../../disk/file-system.ts';
import type { ChainCheckOptions, ChainRun } from './chain-run.ts';
import { checkParts, type PartChecker, type SegmentPart } from './verify-audit-log.ts';

/** A smaller log is checked before threads have started. */
const WORTHWHILE_BYTES = 16 * 1024 * 1024;

/**
 * Makes a checker that works on up to `size` parts at the same time, each in its own thread; on
 * logs of less than `worthwhileBytes` in this thread.
 */
export function createVerifyPool(size: number, worthwhileBytes = WORTHWHILE_BYTES): PartChecker {
  return async function* checkInThreads(parts, options) {
    if (parts.reduce((bytes, { from, to }) => bytes + to - from, 0) < worthwhileBytes) {
      yield* checkParts(nodeFileSystem, parts, options);
      return;
    }
    const threads = Array.from({ length: Math.min(size, parts.length) }, () => start(options));
    try {
      const unread = parts.values();
      const runs = threads.map((thread) => check(thread, unread.next().value));
      for (let index = 0; index < parts.length; index += 1) {
        const turn = index % threads.length;
        const run = await runs[turn];
        if (run === undefined) return;
        // the thread is free: it goes on while this run is looked at
        const thread = threads[turn];
        if (thread !== undefined) runs[turn] = check(thread, unread.next().value);
        yield run;
      }
    } finally {
      await Promise.all(threads.map((thread) => thread.terminate()));
    }
  };
}

function start(options: ChainCheckOptions): Worker {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./verify-thread${extname(import.meta.url)}`, import.meta.url);
  return new Worker(entry, { workerData: options });
}

async function check(thread: Worker, part: SegmentPart | undefined): Promise<ChainRun | undefined> {
  if (part === undefined) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<ChainRun>();
  thread.once('message', resolve);
  thread.once('error', reject);
  thread.postMessage(part);
  try {
    return await promise;
  } finally {
    thread.off('error', reject);
  }
}
