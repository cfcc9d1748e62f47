import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { lockFile } from '../disk/file-lock.ts';
import type { ThreadAnswer, ThreadData, ThreadQuestion } from './disk-messages.ts';
import { prepareDirectory, SpoolFile } from './spool-file.ts';

// a thread of its own: a disk that is slow holds up nothing else
if (parentPort !== null) {
  // set by spool-disk.ts, which starts this file
  run(parentPort, workerData as ThreadData);
}

function run(port: MessagePort, { directory, lockWaitMs }: ThreadData): void {
  const post = (answer: ThreadAnswer): void => port.postMessage(answer);
  try {
    const lockPath = prepareDirectory(directory);
    const lock = lockFile(lockPath, lockWaitMs, () => undefined, {
      code: 'ERR_SPOOL_UNAVAILABLE',
      fix: 'stop it, or give this one a spool.dir of its own',
    });
    const file = new SpoolFile(directory);
    post({ type: 'opened', entries: file.load() });
    port.on('message', (first: ThreadQuestion) => {
      const questions = [first, ...takeWaiting(port)];
      for (const answer of answerAll(file, questions)) post(answer);
      if (!questions.some(({ type }) => type === 'close')) return;
      file.close();
      lock.release();
      port.close();
    });
  } catch (error) {
    post({ type: 'refused', message: messageOf(error) });
    port.close();
  }
}

/** What has come meanwhile goes to disk together: one sync for all. */
function* takeWaiting(port: MessagePort): Generator<ThreadQuestion> {
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return;
    yield received.message;
  }
}

type WriteQuestion = Extract<ThreadQuestion, { type: 'write' }>;

function* answerAll(
  file: SpoolFile,
  questions: readonly ThreadQuestion[],
): Generator<ThreadAnswer> {
  let writes: WriteQuestion[] = [];
  for (const question of questions) {
    if (question.type === 'write') {
      writes.push(question);
      continue;
    }
    // In order: a body may be asked for that is written just before.
    yield* writeAll(file, writes);
    writes = [];
    if (question.type === 'body') yield readBody(file, question);
  }
  yield* writeAll(file, writes);
}

function* writeAll(file: SpoolFile, writes: readonly WriteQuestion[]): Generator<ThreadAnswer> {
  const late = writes.filter(({ notAfter }) => notAfter !== undefined && Date.now() > notAfter);
  for (const { id } of late) yield { type: 'failed', id, message: 'it was too slow' };
  const inTime = writes.filter((write) => !late.includes(write));
  if (inTime.length === 0) return;
  try {
    file.write(inTime.map(({ change }) => change));
    for (const { id } of inTime) yield { type: 'done', id };
  } catch (error) {
    const [only, ...others] = inTime;
    if (others.length === 0 && only !== undefined) {
      yield { type: 'failed', id: only.id, message: messageOf(error) };
    } else {
      // One that is too large for the disk is not to take the others with it.
      for (const write of inTime) yield* writeAll(file, [write]);
    }
  }
}

function readBody(file: SpoolFile, { id, seq }: { id: number; seq: number }): ThreadAnswer {
  try {
    return { type: 'body', id, body: file.body(seq) };
  } catch (error) {
    return { type: 'failed', id, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
