import type { DiskProblem } from './disk-problem.ts';
import type { DiskChange, LoadedEntries } from './spool-file.ts';

/** What the thread is started with. */
export interface ThreadData {
  /** Absolute. */
  readonly directory: string;
  /** How long to wait for another gateway that lets go of the spool, milliseconds. */
  readonly lockWaitMs: number;
}

/** What the thread is asked. */
export type ThreadQuestion =
  | {
      readonly type: 'write';
      readonly id: number;
      readonly change: DiskChange;
      /** Milliseconds since the epoch, after which nobody wants it any more. */
      readonly notAfter: number;
    }
  | { readonly type: 'body'; readonly id: number; readonly seq: number }
  | { readonly type: 'close' };

/** What it answers. */
export type ThreadAnswer =
  | ({ readonly type: 'opened' } & LoadedEntries)
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'done'; readonly id: number }
  | ({ readonly type: 'failed'; readonly id: number } & DiskProblem)
  | { readonly type: 'body'; readonly id: number; readonly body: Uint8Array | undefined };
