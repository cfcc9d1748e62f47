import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError, messageOf } from '../../core/errors.ts';
import type { ExposedFile } from '../segments.ts';
import type { Recovery } from './recovery.ts';
import type {
  Failed,
  Opened,
  WriterAnswer,
  WriterMessage,
  WriterOrder,
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

/** A thread that writes logs, seen from the thread that serves requests. */
export interface WriterThread {
  /**
   * Waits until the thread holds the file of a log. Rejects with ERR_AUDIT_UNAVAILABLE,
   * ERR_AUDIT_BROKEN or ERR_SECRET_UNREADABLE.
   * @param onWait called when another gateway holds the file
   */
  open(settings: WriterSettings, onWait: () => void): Promise<WriterClient>;
}

/** One log that the thread writes. */
interface WriterClient {
  /** What the log was found to be. */
  readonly recovery: Recovery;
  /** Files of it that others could read or write, until now. */
  readonly exposed: readonly ExposedFile[];
  /** Never rejects. One request at a time: the next after the reply. */
  request(request: WriterRequest): Promise<WriterReply>;
  /** Lets go of the log; with the last of them the thread ends, whatever it does. */
  release(): Promise<void>;
}

/** Starts a thread for logs that are opened one after the other. */
export function startWriterThread(): WriterThread {
  // `.ts` from the sources, `.js` from a build
  const entry = new URL(`./writer-thread${extname(import.meta.url)}`, import.meta.url);
  const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: WriterThreadData = { sent };
  const worker = new Worker(entry, { workerData, resourceLimits: MEMORY });
  /** Who hears what the thread says of a log. */
  const listeners = new Map<number, (answer: WriterAnswer) => void>();
  const held = new Set<number>();
  let opened = 0;
  let ended: Failed | undefined;
  const end = (message: string): void => {
    ended ??= { type: 'failed', cause: 'write_failed', message, tornBytes: 0 };
    for (const listener of listeners.values()) listener(ended);
  };
  const send = (order: WriterOrder): void => {
    worker.postMessage(order);
    Atomics.add(sent, 0, 1);
    Atomics.notify(sent, 0);
  };
  const release = async (log: number): Promise<void> => {
    held.delete(log);
    if (held.size === 0) await worker.terminate();
  };
  worker.on('message', ({ log, answer }: WriterMessage) => listeners.get(log)?.(answer));
  worker.on('error', (error) => end(describe(error)));
  worker.on('exit', () => end('the thread that writes the audit log has ended'));

  async function open(settings: WriterSettings, onWait: () => void): Promise<WriterClient> {
    const log = opened;
    opened += 1;
    held.add(log);
    const answer = await new Promise<Exclude<WriterAnswer, { type: 'waiting' }>>((resolve) => {
      listeners.set(log, (said) => (said.type === 'waiting' ? onWait() : resolve(said)));
      if (ended === undefined) send({ log, open: settings });
      else resolve(ended);
    });
    if (answer.type === 'opened') return createClient(log, answer);
    await release(log);
    const code = answer.type === 'refused' ? answer.code : 'ERR_AUDIT_UNAVAILABLE';
    throw new GatewayError(code, 'message' in answer ? answer.message : '');
  }

  function createClient(log: number, { recovery, exposed }: Opened): WriterClient {
    let onReply: ((reply: WriterReply) => void) | undefined;
    listeners.set(log, (answer) => {
      if (answer.type === 'committed' || answer.type === 'failed') onReply?.(answer);
    });
    return {
      recovery,
      exposed,
      request(request) {
        if (ended !== undefined) return Promise.resolve(ended);
        return new Promise((resolve) => {
          onReply = resolve;
          send({ log, request });
        });
      },
      release: () => release(log),
    };
  }

  return { open };
}

function describe(error: unknown): string {
  const found = messageOf(error);
  return `the thread that writes the audit log failed: ${found}`;
}
