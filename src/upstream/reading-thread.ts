import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import { createStampMemory } from '../core/store/stamp-memory.ts';
import { giveBackMemory } from '../threads/give-back-memory.ts';
import { giveWay } from '../threads/give-way.ts';
import type { ReadingOptions } from './open-answer.ts';
import { doReadingJob, type ReadingJob, type ReadingState } from './reading-jobs.ts';

/** What the thread says: a part of what it found, or how the job ended. */
export type ThreadMessage =
  | { readonly kind: 'part'; readonly part: unknown }
  | { readonly kind: 'end'; readonly error: string | undefined };

/** What it is told: to begin a job, or that a part has been taken and the next may come. */
export type ThreadOrder = { readonly begin: ReadingJob } | 'next';

// set by store-reader.ts, which starts this file
const options = workerData as ReadingOptions;
const port = parentPort;
const state: ReadingState = { stamps: createStampMemory() };
let goOn = (): void => undefined;
let isFresh = true;

const say = (message: ThreadMessage): void => port?.postMessage(message);

async function work(job: ReadingJob): Promise<void> {
  try {
    for await (const part of doReadingJob(job, options, state)) {
      const taken = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      say({ kind: 'part', part });
      await taken;
    }
    say({ kind: 'end', error: undefined });
  } catch (error) {
    say({ kind: 'end', error: messageOf(error) });
  }
  if (isFresh) giveBackMemory();
  isFresh = false;
}

giveWay();

port?.on('message', (order: ThreadOrder) => {
  if (order === 'next') goOn();
  else void work(order.begin); // never rejects
});
