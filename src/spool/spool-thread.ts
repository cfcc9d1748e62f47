import { join } from 'node:path';
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { SPOOL_RESERVE } from '../core/spool/spool-files.ts';
import { lockFile } from '../disk/file-lock.ts';
import { nodeFileSystem } from '../disk/file-system.ts';
import { ReserveFile } from '../disk/reserve-file.ts';
import type { ThreadAnswer, ThreadData, ThreadQuestion } from './disk-messages.ts';
import { describeDiskProblem } from './disk-problem.ts';
import { prepareDirectory, SpoolFile } from './spool-file.ts';
import { writeWithReserve } from './write-with-reserve.ts';

// a thread of its own: a disk that is slow holds up nothing else
if (parentPort !== null) {
  // set by spool-disk.ts, which starts this file
  run(parentPort, workerData as ThreadData);
}

function run(port: MessagePort, { directory, lockWaitMs }: ThreadData): void {
  const post = (...answers: readonly ThreadAnswer[]): void => port.postMessage(answers);
  try {
    const lockPath = prepareDirectory(directory);
    const lock = lockFile(lockPath, lockWaitMs, () => undefined, {
      code: 'ERR_SPOOL_UNAVAILABLE',
      fix: 'stop it, or give this one a spool.dir of its own',
    });
    const file = new SpoolFile(directory);
    const loaded = file.load();
    const reserve = new ReserveFile(nodeFileSystem, join(directory, SPOOL_RESERVE));
    post({ type: 'opened', ...loaded });
    port.on('message', (first: readonly ThreadQuestion[]) => {
      const questions = [...first, ...takeWaiting(port)];
      post(...answerAll({ file, reserve }, questions));
      if (!questions.some(({ type }) => type === 'close')) return;
      file.close();
      lock.release();
      port.close();
    });
  } catch (error) {
    post({ type: 'refused', message: describeDiskProblem(error).message });
    port.close();
  }
}

/** What has come meanwhile goes to disk together: one sync for all. */
function* takeWaiting(port: MessagePort): Generator<ThreadQuestion> {
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return;
    yield* received.message;
  }
}

interface Disk {
  readonly file: SpoolFile;
  readonly reserve: ReserveFile;
}

type WriteQuestion = Extract<ThreadQuestion, { type: 'write' }>;

function* answerAll(disk: Disk, questions: readonly ThreadQuestion[]): Generator<ThreadAnswer> {
  let writes: WriteQuestion[] = [];
  for (const question of questions) {
    if (question.type === 'write') {
      writes.push(question);
      continue;
    }
    // In order: a body may be asked for that is written just before.
    yield* writeAll(disk, writes);
    writes = [];
    if (question.type === 'body') yield readBody(disk, question);
  }
  yield* writeAll(disk, writes);
}

function* writeAll(disk: Disk, writes: readonly WriteQuestion[]): Generator<ThreadAnswer> {
  const late = writes.filter(({ notAfter }) => Date.now() > notAfter);
  for (const { id } of late) yield { type: 'failed', id, ...TOO_LATE };
  const inTime = writes.filter((write) => !late.includes(write));
  if (inTime.length === 0) return;
  try {
    writeWithReserve(
      disk.file,
      disk.reserve,
      inTime.map(({ change }) => change),
    );
    for (const { id } of inTime) yield { type: 'done', id };
  } catch (error) {
    const [only, ...others] = inTime;
    if (others.length === 0 && only !== undefined) {
      yield { type: 'failed', id: only.id, ...describeDiskProblem(error) };
    } else {
      // One that is too large for the disk is not to take the others with it.
      for (const write of inTime) yield* writeAll(disk, [write]);
    }
  }
}

function readBody({ file }: Disk, { id, seq }: { id: number; seq: number }): ThreadAnswer {
  try {
    return { type: 'body', id, body: file.body(seq) };
  } catch (error) {
    return { type: 'failed', id, ...describeDiskProblem(error) };
  }
}

const TOO_LATE = { message: 'the disk was too slow', isDamaged: false };
