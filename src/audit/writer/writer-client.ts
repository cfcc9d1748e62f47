import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError, messageOf } from '../../core/errors.ts';
import type { ExposedFile } from '../segments.ts';
import type { Recovery } from './recovery.ts';
import type {
  Failed,
  WriterMessage,
  WriterReply,
  WriterRequest,
  WriterSettings,
  WriterThreadData,
} from './writer-messages.ts';

/**
 * Nothing that the thread makes outlives its batch: with as much room as a thread gets, it would
 * only keep what is long over, tens of MiB of it.
 */
const MEMORY = { maxYoungGenerationSizeMb: 6 };

/** The writer thread, seen from the thread that serves requests. */
export interface WriterClient {
  /** What the log was found to be. */
  readonly recovery: Recovery;
  /** Files of it that others could read or write, until now. */
  readonly exposed: readonly ExposedFile[];
  /** Never rejects. One request at a time: the next after the reply. */
  request(request: WriterRequest): Promise<WriterReply>;
  /** Ends the thread, whatever it does. */
  terminate(): Promise<void>;
}

/**
 * Starts the writer thread and waits until it holds the file. Rejects with ERR_AUDIT_UNAVAILABLE,
 * ERR_AUDIT_BROKEN or ERR_SECRET_UNREADABLE.
 * @param onWait called when another gateway holds the file
 */
export function startWriter(settings: WriterSettings, onWait: () => void): Promise<WriterClient> {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./writer-thread${extname(import.meta.url)}`, import.meta.url);
  const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: WriterThreadData = { ...settings, sent };
  const worker = new Worker(entry, { workerData, resourceLimits: MEMORY });
  let ended: Failed | undefined;
  let answer: ((reply: WriterReply) => void) | undefined;
  const end = (message: string): Failed => {
    ended = { type: 'failed', cause: 'write_failed', message, tornBytes: 0 };
    answer?.(ended);
    return ended;
  };
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WriterMessage) => {
      if (message.type === 'waiting') onWait();
      else if (message.type === 'refused') reject(new GatewayError(message.code, message.message));
      else if (message.type === 'opened') {
        const { recovery, exposed } = message;
        resolve({ recovery, exposed, request, terminate });
      } else answer?.(message);
    });
    worker.on('error', (error) => {
      reject(new GatewayError('ERR_AUDIT_UNAVAILABLE', end(describe(error)).message));
    });
    worker.on('exit', () => {
      const { message } = end('the thread that writes the audit log has ended');
      reject(new GatewayError('ERR_AUDIT_UNAVAILABLE', message));
    });
  });

  function request(request: WriterRequest): Promise<WriterReply> {
    if (ended !== undefined) return Promise.resolve(ended);
    return new Promise((resolve) => {
      answer = resolve;
      worker.postMessage(request);
      Atomics.add(sent, 0, 1);
      Atomics.notify(sent, 0);
    });
  }

  async function terminate(): Promise<void> {
    await worker.terminate();
  }
}

function describe(error: unknown): string {
  const found = messageOf(error);
  return `the thread that writes the audit log failed: ${found}`;
}
