import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError, messageOf } from '../core/errors.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { ThreadAnswer, ThreadData, ThreadQuestion } from './disk-messages.ts';
import type { DiskProblem } from './disk-problem.ts';
import type { DiskChange } from './spool-file.ts';

/** The disk has not done what was asked; the message says what to do. */
export class SpoolDiskError extends Error {
  /** Whether what was asked for will never be readable again. */
  readonly isDamaged: boolean;

  constructor({ message, isDamaged }: DiskProblem) {
    super(message);
    this.isDamaged = isDamaged;
  }
}

/** The disk of a spool, seen from the thread that serves requests. */
export interface SpoolDisk {
  /** What was on it when it was opened. */
  readonly entries: readonly SpoolEntry[];
  /** How many could not be read. */
  readonly damaged: number;
  /**
   * On disk when it resolves; rejects when it is not, or not within `timeoutMs`. What is on its way
   * to the disk then may get there yet, before everything that is written later.
   */
  write(change: DiskChange, timeoutMs: number): Promise<void>;
  /** Rejects with a SpoolDiskError when it cannot be read; undefined when it is no longer there. */
  body(seq: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/**
 * Syncs are this far apart under load, so that several pushes share one: each costs more than all the
 * rest. One that comes after a rest goes to disk at once.
 */
const GATHER_MS = 3;

interface Asked {
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens a spool in a thread of its own, and holds its lock.
 * @throws GatewayError ERR_SPOOL_UNAVAILABLE
 */
export async function openSpoolDisk(settings: ThreadData): Promise<SpoolDisk> {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./spool-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(entry, { name: 'spool', workerData: settings });
  const asked = new Map<number, Asked>();
  let lastId = 0;
  let failure: Error | undefined;
  const [first] = await openedOrFailed(worker, settings.directory);
  if (first.type !== 'opened') throw unavailable(settings.directory, describe(first));

  const end = (why: string): void => {
    failure ??= new Error(why);
    for (const { reject } of asked.values()) reject(failure);
    asked.clear();
  };
  worker.on('message', (answers: readonly ThreadAnswer[]) => {
    for (const answer of answers) {
      if (!('id' in answer)) continue;
      const { id } = answer;
      if (answer.type === 'failed') asked.get(id)?.reject(new SpoolDiskError(answer));
      else asked.get(id)?.resolve(answer);
      asked.delete(id);
    }
  });
  worker.on('error', (error) => end(messageOf(error)));
  worker.on('exit', () => end('the thread of the spool has ended'));

  let questions: ThreadQuestion[] = [];
  let postedAt = Number.NEGATIVE_INFINITY;
  const postAll = (): void => {
    worker.postMessage(questions);
    questions = [];
    postedAt = performance.now();
  };
  const post = (question: ThreadQuestion): void => {
    questions.push(question);
    if (questions.length > 1) return;
    const waitMs = postedAt + GATHER_MS - performance.now();
    if (waitMs > 0) setTimeout(postAll, waitMs);
    else setImmediate(postAll);
  };
  const ask = (makeQuestion: (id: number) => ThreadQuestion): Promise<ThreadAnswer> => {
    if (failure !== undefined) return Promise.reject(failure);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      asked.set(id, { resolve, reject });
      post(makeQuestion(id));
    });
  };
  const write = async (change: DiskChange, timeoutMs: number): Promise<void> => {
    const notAfter = Date.now() + timeoutMs;
    const writing = ask((id) => ({ type: 'write', id, change, notAfter }));
    if (!(await isInTime(writing, timeoutMs))) {
      const message = `the disk of spool.dir did not answer within ${timeoutMs / 1000} s`;
      throw new SpoolDiskError({ message, isDamaged: false });
    }
    await writing;
  };
  return {
    entries: first.entries,
    damaged: first.damaged,
    write,
    async body(seq) {
      const answer = await ask((id) => ({ type: 'body', id, seq }));
      return answer.type === 'body' ? answer.body : undefined;
    },
    async close() {
      if (failure !== undefined) return;
      const exited = once(worker, 'exit');
      post({ type: 'close' });
      await exited;
    },
  };
}

async function openedOrFailed(worker: Worker, directory: string): Promise<[ThreadAnswer]> {
  try {
    const [[answer] = []]: (readonly ThreadAnswer[])[] = await once(worker, 'message');
    if (answer !== undefined) return [answer];
  } catch (error) {
    throw unavailable(directory, messageOf(error));
  }
  throw unavailable(directory, 'its thread has ended');
}

function describe(answer: ThreadAnswer): string {
  return answer.type === 'refused' ? answer.message : answer.type;
}

function unavailable(directory: string, why: string): GatewayError {
  return new GatewayError('ERR_SPOOL_UNAVAILABLE', `cannot open the spool in ${directory}: ${why}`);
}

/** Whether it ended, however it did, before the time was over. */
async function isInTime(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
