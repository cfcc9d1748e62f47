import type { ChainHead } from '../../core/audit/audit-chain.ts';
import type { RecoveryCause } from '../../core/audit/audit-record.ts';
import type { GatewayErrorCode } from '../../core/errors.ts';
import type { ExposedFile } from '../segments.ts';
import type { Batch } from './chain-writer.ts';
import type { Recovery } from './recovery.ts';

/** What a log is opened with. */
export interface WriterSettings {
  readonly file: string;
  readonly sync: boolean;
  readonly rotateBytes: number;
  readonly keep: number;
  readonly keepForMs: number | undefined;
  readonly signKeyFile: string | undefined;
  /** In each checkpoint; undefined for a gateway that is alone. */
  readonly gateway: string | undefined;
  /** Milliseconds to wait for another gateway to let go of the file. */
  readonly lockWaitMs: number;
}

export interface WriterThreadData {
  /** One shared word: requests sent so far. A change wakes the thread. */
  readonly sent: Int32Array;
}

/** To an open log, one at a time; the next after its reply. */
export type WriterRequest = Batch | { readonly close: true; readonly time: string };

/** To the writer thread, about the log of that number: first `open`, then requests. */
export type WriterOrder = { readonly log: number } & (
  | { readonly open: WriterSettings }
  | { readonly request: WriterRequest }
);

/** From the writer thread, about a log: first `waiting` or not, then `opened` or `refused`, then replies. */
export interface WriterMessage {
  readonly log: number;
  readonly answer: WriterAnswer;
}

export type WriterAnswer =
  | { readonly type: 'waiting' }
  | Opened
  | { readonly type: 'refused'; readonly code: GatewayErrorCode; readonly message: string }
  | WriterReply;

export interface Opened {
  readonly type: 'opened';
  readonly recovery: Recovery;
  /** Files that others than the owner could read or write, until now. */
  readonly exposed: readonly ExposedFile[];
}

export type WriterReply = Committed | Failed;

export interface Committed {
  readonly type: 'committed';
  readonly head: ChainHead;
  /** Checkpoints among the records. */
  readonly checkpoints: number;
  /** The disk is full but for what had been put aside: only what has begun may be recorded. */
  readonly isLow: boolean;
}

export interface Failed {
  readonly type: 'failed';
  readonly cause: RecoveryCause;
  readonly message: string;
  /** Bytes that had reached the file and were cut from it. */
  readonly tornBytes: number;
}
