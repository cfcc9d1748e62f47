import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { GatewayError, messageOf } from '../../core/errors.ts';
import { lockFile } from '../../disk/file-lock.ts';
import { nodeFileSystem } from '../../disk/file-system.ts';
import { ReserveFile } from '../../disk/reserve-file.ts';
import { SegmentError } from '../../disk/segment-file.ts';
import { createCheckpointSigner, createSignatureCheck } from '../checkpoint.ts';
import { assertRegularFiles, makeFilesPrivate, nameCompanion } from '../segments.ts';
import { readSigningKey } from '../signing-key.ts';
import { ChainWriter } from './chain-writer.ts';
import { recoverAuditLog } from './recovery.ts';
import type { Failed, WriterMessage, WriterRequest, WriterThreadData } from './writer-messages.ts';

// a thread of its own with synchronous calls: no other work of the process, and no full pool of
// libuv threads, can come between a record and the disk
if (parentPort !== null) {
  // set by writer-client.ts, which starts this file
  run(parentPort, workerData as WriterThreadData);
}

function run(port: MessagePort, settings: WriterThreadData): void {
  const post = (message: WriterMessage): void => port.postMessage(message);
  try {
    const { file, lockWaitMs } = settings;
    assertRegularFiles(nodeFileSystem, file);
    const lock = lockFile(nameCompanion(file, 'lock'), lockWaitMs, () => post({ type: 'waiting' }));
    assertRegularFiles(nodeFileSystem, file); // whoever held the lock may have been at work
    const exposed = makeFilesPrivate(nodeFileSystem, file);
    const reserve = new ReserveFile(nodeFileSystem, nameCompanion(file, 'reserve'));
    const { signKeyFile } = settings;
    const key = signKeyFile === undefined ? undefined : readSigningKey(signKeyFile);
    const signer = key && createCheckpointSigner(key, settings.gateway);
    const recovery = recoverAuditLog(nodeFileSystem, file, key && createSignatureCheck(key));
    const writer = new ChainWriter(nodeFileSystem, recovery, { ...settings, signer, reserve });
    post({ type: 'opened', recovery, exposed });
    for (const request of waitForRequests(port, settings.sent)) {
      post(answer(writer, request));
      if ('close' in request) break;
    }
    lock.release();
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : 'ERR_AUDIT_UNAVAILABLE';
    post({ type: 'refused', code, message: messageOf(error) });
  }
}

/**
 * Sleeps until the next request: waking a thread that sleeps on a word of memory costs half of what
 * it costs to wake one that waits for events, and a push does it twice.
 */
function* waitForRequests(port: MessagePort, sent: Int32Array): Generator<WriterRequest> {
  for (let seen = 0; ; ) {
    Atomics.wait(sent, 0, seen);
    // read before the message is: what is sent from here on wakes the thread again
    seen = Atomics.load(sent, 0);
    const message: { readonly message: WriterRequest } | undefined = receiveMessageOnPort(port);
    if (message !== undefined) yield message.message;
  }
}

function answer(writer: ChainWriter, request: WriterRequest): WriterMessage {
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
