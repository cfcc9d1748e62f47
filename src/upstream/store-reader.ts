import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { GroupContent } from '../core/store/group-content.ts';
import type { Scrape } from '../core/store/scrape-scanner.ts';
import type { StampChanges } from '../core/store/stamp-memory.ts';
import type { SuspectGroup } from '../core/store/suspect-groups.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { ReadingOptions } from './open-answer.ts';
import type { ReadingJob, ReadingPart } from './reading-jobs.ts';
import type { ThreadMessage, ThreadOrder } from './reading-thread.ts';

const THREAD = new URL(`./reading-thread${extname(import.meta.url)}`, import.meta.url);
/** The thread holds one piece of a listing at a time; a store is never in it. */
const MEMORY = { maxOldGenerationSizeMb: 512 };
const ENDED = 'the thread that reads the store has ended';
/** However slowly it comes. */
const JOB_TIMEOUT_MS = 600_000;

/**
 * Reads what a Pushgateway holds, in a thread of its own that does one job at a time: what is read
 * comes in small parts, and whoever takes them gives way between them.
 */
export function createStoreReader(
  options: ReadingOptions,
): Omit<StoreReader, 'status'> & AsyncDisposable {
  let last: Promise<unknown> = Promise.resolve();
  let thread: Worker | undefined;
  let isOver = false;

  const start = (): Worker => {
    if (isOver) throw new Error('the reading has ended');
    const started = new Worker(THREAD, { workerData: options, resourceLimits: MEMORY });
    started.unref();
    const forget = (): void => {
      if (thread === started) thread = undefined;
    };
    started.on('error', forget);
    started.on('exit', forget);
    thread = started;
    return started;
  };

  const work = async (
    job: ReadingJob,
    take: (part: ReadingPart) => Promise<void> | void,
  ): Promise<void> => {
    const worker = thread ?? start();
    worker.ref(); // somebody waits for it, perhaps nothing else keeps the process alive
    const timer = setTimeout(() => void worker.terminate(), JOB_TIMEOUT_MS).unref();
    const order = (what: ThreadOrder): void => worker.postMessage(what);
    try {
      order({ begin: job });
      while (true) {
        const message = await nextMessage(worker);
        if (message.kind === 'end') {
          if (message.error === undefined) return;
          throw new Error(message.error);
        }
        await take(message.part as ReadingPart); // made by doReadingJob
        if (thread !== worker) throw new Error(ENDED);
        order('next');
      }
    } finally {
      clearTimeout(timer);
      worker.unref();
    }
  };
  const run: typeof work = (job, take) => {
    const next = last.then(() => work(job, take));
    last = next.catch(() => {}); // whoever asked gets the error
    return next;
  };

  return {
    async groups(take, onRestart) {
      await run({ kind: 'groups' }, async (part) => {
        if (part.kind === 'groups') await take(part.groups);
        if (part.kind === 'again') onRestart();
      });
    },
    scrape: () => scrape(run, { kind: 'scrape' }),
    look: (onChanges) => scrape(run, { kind: 'look' }, onChanges),
    async suspects(error) {
      let found: readonly SuspectGroup[] = [];
      await run({ kind: 'suspects', error }, (part) => {
        if (part.kind === 'suspects') found = part.suspects;
      });
      return found;
    },
    async contents(ids, hasBodies) {
      const contents: GroupContent[] = [];
      await run({ kind: 'contents', ids, hasBodies }, (part) => {
        if (part.kind === 'content') contents.push(part.content);
      });
      return contents;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await thread?.terminate();
    },
  };
}

async function scrape(
  run: (job: ReadingJob, take: (part: ReadingPart) => void) => Promise<void>,
  job: ReadingJob,
  onChanges?: (changes: StampChanges) => void,
): Promise<Scrape> {
  let found: Scrape | undefined;
  await run(job, (part) => {
    if (part.kind === 'stamps') onChanges?.(part.changes);
    if (part.kind === 'scrape') found = part.scrape;
  });
  if (found === undefined) throw new Error('the scrape had no end');
  return found;
}

/** Rejects when the thread ends instead. */
async function nextMessage(worker: Worker): Promise<ThreadMessage> {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const [message] = await Promise.race([
      once(worker, 'message', { signal }),
      once(worker, 'exit', { signal }).then(() => {
        throw new Error(ENDED);
      }),
    ]);
    return message;
  } finally {
    stop.abort();
  }
}
