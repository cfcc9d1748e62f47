import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { GatewayError, messageOf } from '../../core/errors.ts';
import { type FileLock, lockFile } from '../../disk/file-lock.ts';
import { nodeFileSystem } from '../../disk/file-system.ts';
import { ReserveFile } from '../../disk/reserve-file.ts';
import { SegmentError } from '../../disk/segment-file.ts';
import { createCheckpointSigner, createSignatureCheck } from '../checkpoint.ts';
import { assertRegularFiles, makeFilesPrivate, nameCompanion } from '../segments.ts';
import { readSigningKey } from '../signing-key.ts';
import { ChainWriter } from './chain-writer.ts';
import { recoverAuditLog } from './recovery.ts';
import type {
  Failed,
  WriterAnswer,
  WriterMessage,
  WriterOrder,
  WriterReply,
  WriterRequest,
  WriterSettings,
  WriterThreadData,
} from './writer-messages.ts';

/** A log that is open: its file is this thread's. */
interface OpenLog {
  readonly writer: ChainWriter;
  readonly lock: FileLock;
}

// a thread of its own with synchronous calls: no other work of the process, and no full pool of
// libuv threads, can come between a record and the disk
if (parentPort !== null) {
  // set by writer-client.ts, which starts this file
  run(parentPort, workerData as WriterThreadData);
}

function run(port: MessagePort, { sent }: WriterThreadData): void {
  const logs = new Map<number, OpenLog>();
  for (const order of waitForOrders(port, sent)) {
    const { log } = order;
    const post = (answer: WriterAnswer): void => {
      port.postMessage({ log, answer } satisfies WriterMessage);
    };
    const opened = logs.get(log);
    if ('open' in order) open(order.open, post, (made) => logs.set(log, made));
    else if (opened !== undefined) {
      post(answer(opened.writer, order.request));
      if ('close' in order.request) opened.lock.release();
    }
  }
}

function open(
  settings: WriterSettings,
  post: (answer: WriterAnswer) => void,
  keep: (log: OpenLog) => void,
): void {
  let lock: FileLock | undefined;
  try {
    const { file, lockWaitMs, signKeyFile } = settings;
    assertRegularFiles(nodeFileSystem, file);
    lock = lockFile(nameCompanion(file, 'lock'), lockWaitMs, () => post({ type: 'waiting' }));
    assertRegularFiles(nodeFileSystem, file); // whoever held the lock may have been at work
    const exposed = makeFilesPrivate(nodeFileSystem, file);
    const reserve = new ReserveFile(nodeFileSystem, nameCompanion(file, 'reserve'));
    const key = signKeyFile === undefined ? undefined : readSigningKey(signKeyFile);
    const signer = key && createCheckpointSigner(key, settings.gateway);
    const recovery = recoverAuditLog(nodeFileSystem, file, key && createSignatureCheck(key));
    const writer = new ChainWriter(nodeFileSystem, recovery, { ...settings, signer, reserve });
    keep({ writer, lock });
    post({ type: 'opened', recovery, exposed });
  } catch (error) {
    lock?.release();
    const code = error instanceof GatewayError ? error.code : 'ERR_AUDIT_UNAVAILABLE';
    post({ type: 'refused', code, message: messageOf(error) });
  }
}

/**
 * Sleeps until the next order: waking a thread that sleeps on a word of memory costs half of what
 * it costs to wake one that waits for events, and a push does it twice.
 */
function* waitForOrders(port: MessagePort, sent: Int32Array): Generator<WriterOrder> {
  for (let seen = 0; ; ) {
    Atomics.wait(sent, 0, seen);
    // read before the messages are: what is sent from here on wakes the thread again
    seen = Atomics.load(sent, 0);
    for (let next = receive(port); next !== undefined; next = receive(port)) yield next;
  }
}

function receive(port: MessagePort): WriterOrder | undefined {
  const message: { readonly message: WriterOrder } | undefined = receiveMessageOnPort(port);
  return message?.message;
}

function answer(writer: ChainWriter, request: WriterRequest): WriterReply {
  try {
    const checkpoints = 'close' in request ? writer.close(request.time) : writer.commit(request);
    return { type: 'committed', head: writer.head, checkpoints, isLow: writer.isLow };
  } catch (error) {
    return describeFailure(error);
  }
}

function describeFailure(error: unknown): Failed {
  const isSegment = error instanceof SegmentError;
  return {
    type: 'failed',
    cause: isSegment ? error.kind : 'write_failed',
    message: messageOf(error),
    tornBytes: isSegment ? error.writtenBytes : 0,
  };
}
