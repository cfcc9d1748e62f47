import { messageOf } from '../core/errors.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { SpoolChange } from '../core/spool/spool-index.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import type { SpoolDisk } from './spool-disk.ts';
import type { DiskChange } from './spool-file.ts';

interface WriterOptions {
  readonly log: OperationalLog;
  /** Told when the disk did not take something. */
  readonly observer: { failed(): void };
}

/** A state that is to be on disk, or that nothing of an entry is. */
interface WantedState {
  readonly seq: number;
  readonly entry: SpoolEntry | undefined;
  isUnderWay: boolean;
}

/** Nobody waits longer for a state to be on disk. */
const SAVE_TIMEOUT_MS = 3000;

/** Writes to a disk that may fail, and does not forget what that did not take. */
export class SpoolWriter {
  readonly #disk: Pick<SpoolDisk, 'write'>;
  readonly #options: WriterOptions;
  /** Sequence numbers of new entries on their way to the disk. */
  readonly #writing = new Set<number>();
  /** By sequence number, until it is on disk. */
  readonly #wanted = new Map<number, WantedState>();
  #lastFailure: string | undefined;

  constructor(disk: Pick<SpoolDisk, 'write'>, options: WriterOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Whether the disk did not take what was written last. */
  get isFailing(): boolean {
    return this.#lastFailure !== undefined;
  }

  isWriting(seq: number): boolean {
    return this.#writing.has(seq);
  }

  /** Writes an entry that is new, with its body; rejects when it is not on disk in time. */
  async write(entry: SpoolEntry, body: Uint8Array, timeoutMs: number): Promise<void> {
    this.#writing.add(entry.seq);
    try {
      // A copy without the rest of what it was read into.
      await this.#change([{ entry, body: body.slice() }], timeoutMs);
    } finally {
      this.#writing.delete(entry.seq);
    }
  }

  /** Notes what is to be written with whatever comes next. */
  want({ written, removed }: SpoolChange): void {
    for (const entry of written) {
      this.#wanted.set(entry.seq, { seq: entry.seq, entry, isUnderWay: false });
    }
    for (const { seq } of removed) {
      this.#wanted.set(seq, { seq, entry: undefined, isUnderWay: false });
    }
  }

  /** @see OpenedSpool.save */
  async save(change: SpoolChange): Promise<void> {
    this.want(change);
    await this.#change([], SAVE_TIMEOUT_MS).catch(() => undefined);
  }

  /** @see OpenedSpool.retry */
  async retry(): Promise<void> {
    if (this.#wanted.size > 0) await this.#change([], SAVE_TIMEOUT_MS).catch(() => undefined);
    if (this.isFailing) await this.#change([], SAVE_TIMEOUT_MS, true).catch(() => undefined);
  }

  async #change(added: DiskChange['written'], timeoutMs: number, isTrial = false): Promise<void> {
    const states = [...this.#wanted.values()].filter(({ isUnderWay }) => !isUnderWay);
    for (const state of states) state.isUnderWay = true;
    const change: DiskChange = {
      written: [...added, ...states.flatMap(({ entry }) => (entry ? [{ entry }] : []))],
      removed: states.flatMap(({ seq, entry }) => (entry ? [] : [seq])),
      ...(isTrial && { isTrial }),
    };
    try {
      await this.#disk.write(change, timeoutMs);
    } catch (error) {
      for (const state of states) state.isUnderWay = false;
      this.#noteFailure(error);
      throw error;
    }
    for (const state of states) {
      if (this.#wanted.get(state.seq) === state) this.#wanted.delete(state.seq);
    }
    // A full disk takes states, but nothing new.
    if (!this.isFailing || (added.length === 0 && !isTrial)) return;
    this.#options.log.info('spool_works_again');
    this.#lastFailure = undefined;
  }

  #noteFailure(error: unknown): void {
    const message = messageOf(error);
    this.#options.observer.failed();
    if (this.#lastFailure !== message) this.#options.log.error('spool_failed', { error: message });
    this.#lastFailure = message;
  }
}
