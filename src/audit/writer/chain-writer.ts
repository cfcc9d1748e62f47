import { dirname } from 'node:path';
import { type ChainHead, sealEntry } from '../../core/audit/audit-chain.ts';
import { findForeignKind } from '../../core/file-kind.ts';
import type { FileSystem } from '../../disk/file-system.ts';
import type { ReserveFile } from '../../disk/reserve-file.ts';
import { cutFile, SegmentError, SegmentFile } from '../../disk/segment-file.ts';
import { CHECKPOINT_RECORDS, type CheckpointSigner } from '../checkpoint.ts';
import { nameClosedSegment, nameForeignFile, pruneSegments } from '../segments.ts';
import type { Recovery } from './recovery.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What sequence number, prev, hash and newline add to an entry. */
const LINK_LENGTH = 185;

export interface ChainWriterOptions {
  readonly file: string;
  /** Whether each batch is on disk before it counts. */
  readonly sync: boolean;
  /** Bytes after which a new segment begins. */
  readonly rotateBytes: number;
  /** Closed segments that stay. */
  readonly keep: number;
  /** Milliseconds that a closed segment stays; left out: as long as there are not too many. */
  readonly keepForMs?: number | undefined;
  /** Left out: no checkpoints. */
  readonly signer?: CheckpointSigner | undefined;
  /** Left out: a full disk is a disk that fails. */
  readonly reserve?: ReserveFile | undefined;
}

/** Entries to be written together, in order. */
export interface Batch {
  /** Outputs of `renderEntry`. */
  readonly entries: readonly string[];
  /** RFC 3339, UTC, milliseconds; of the checkpoints made on the way. */
  readonly time: string;
  /** Ends the batch with a checkpoint, if there is anything new to sign. */
  readonly checkpoint: boolean;
}

/** Some records sealed after one another, not yet written. */
interface Draft {
  readonly lines: string[];
  head: ChainHead;
  unsigned: number;
}

/**
 * Writes the chain: seals entries, adds checkpoints, changes segments. All of it synchronous. When
 * a method throws, nothing of its batch counts and the next batch may be tried at once.
 */
export class ChainWriter {
  readonly #fs: FileSystem;
  readonly #options: ChainWriterOptions;
  #head: ChainHead;
  /** Records since the last checkpoint; after a start nobody knows, so the first one is signed. */
  #unsigned = CHECKPOINT_RECORDS;
  /** Whether the chain goes on from a signed end, and the next batch has to say who does it. */
  #resumes: boolean;
  /** First sequence number of a file at the path to which nothing may be added. */
  #tainted: number | undefined;
  /** When the segment's first record was written, and when old segments were last looked for. */
  #begunAt: number;
  #prunedAt = 0;
  /** Undefined when the next batch has to begin one. */
  #segment: SegmentFile | undefined;
  /** Written last and not to be written again: full, or no longer trusted. */
  #retired: { readonly segment: SegmentFile; readonly cuts: boolean } | undefined;

  constructor(fs: FileSystem, recovery: Recovery, options: ChainWriterOptions) {
    this.#fs = fs;
    this.#options = options;
    this.#head = recovery.head;
    this.#resumes = recovery.isSignedEnd;
    this.#tainted = recovery.tainted;
    this.#begunAt = recovery.begunAt;
    if (recovery.firstSeq !== undefined) {
      const { firstSeq, tornBytes } = recovery;
      this.#segment = SegmentFile.reopen(fs, options.file, firstSeq, tornBytes);
    }
  }

  /** The newest record that counts. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Whether the disk is full and what had been put aside is being used up. */
  get isLow(): boolean {
    return this.#options.reserve?.isHeld === false;
  }

  /** Returns how many checkpoints it added. */
  commit(batch: Batch): number {
    this.#options.reserve?.refill();
    const length = batch.entries.reduce((sum, entry) => sum + entry.length + LINK_LENGTH, 0);
    const time = Date.parse(batch.time);
    const isFull = (this.#segment?.bytes ?? 0) + length > this.#options.rotateBytes;
    if (time - this.#prunedAt >= HOUR_MS) this.#prune(time);
    let checkpoints = isFull || this.#isOverAge(time) ? this.#rotate(batch.time) : 0;
    const draft = this.#draft();
    if (this.#resumes) checkpoints += this.#sign(draft, batch.time);
    for (const entry of batch.entries) {
      seal(draft, entry);
      if (draft.unsigned >= CHECKPOINT_RECORDS) checkpoints += this.#sign(draft, batch.time);
    }
    if (batch.checkpoint) checkpoints += this.#sign(draft, batch.time);
    this.#write(draft, this.#options.sync, time);
    this.#resumes = false;
    return checkpoints;
  }

  /** Signs and syncs what was written, and lets go of the file; returns as `commit`. */
  close(time: string): number {
    const checkpoints = this.#finish(time);
    this.#segment?.close();
    this.#segment = undefined;
    return checkpoints;
  }

  #rotate(time: string): number {
    const segment = this.#segment;
    if (segment === undefined || segment.bytes === 0) return 0;
    const checkpoints = this.#finish(time);
    this.#retire(segment, true);
    return checkpoints;
  }

  /** Signs what was written and brings it to the disk, whatever `sync` says. */
  #finish(time: string): number {
    if (this.#segment === undefined || this.#resumes) return 0;
    const draft = this.#draft();
    const checkpoints = this.#sign(draft, time);
    this.#write(draft, true, Date.parse(time));
    return checkpoints;
  }

  #draft(): Draft {
    return { lines: [], head: this.#head, unsigned: this.#unsigned };
  }

  #sign(draft: Draft, time: string): number {
    const { signer } = this.#options;
    if (signer === undefined || draft.unsigned === 0 || draft.head.seq === 0) return 0;
    seal(draft, signer({ seq: draft.head.seq + 1, time, prev: draft.head.hash }));
    draft.unsigned = 0;
    return 1;
  }

  #write(draft: Draft, sync: boolean, time: number): void {
    const records = Buffer.from(draft.lines.join(''), 'latin1');
    try {
      this.#append(records, sync, time);
    } catch (error) {
      if (!isDiskFull(error) || this.#options.reserve?.release() !== true) throw error;
      this.#append(records, sync, time);
    }
    this.#head = draft.head;
    this.#unsigned = draft.unsigned;
  }

  #append(records: Uint8Array, sync: boolean, time: number): void {
    const segment = this.#segment ?? this.#begin(time);
    try {
      segment.append(records, sync);
    } catch (error) {
      const kind = error instanceof SegmentError ? error.kind : 'sync_failed';
      const isTrusted = kind === 'write_failed' && segment.cutBack();
      if (!isTrusted) this.#retire(segment, kind !== 'file_changed');
      throw error;
    }
  }

  #retire(segment: SegmentFile, cuts: boolean): void {
    this.#segment = undefined;
    this.#retired = { segment, cuts };
    segment.close();
    this.#cutRetired();
  }

  /** Removes what was refused, unless others touched the file: then it is left as evidence. */
  #cutRetired(): void {
    const { segment, cuts } = this.#retired ?? {};
    if (cuts && segment?.isInPlace()) cutFile(this.#fs, segment.path, segment.bytes);
  }

  /** Every hour, and whenever a segment begins. */
  #prune(time: number): void {
    const { file, keep, keepForMs = Number.POSITIVE_INFINITY } = this.#options;
    this.#prunedAt = time;
    pruneSegments(this.#fs, file, { keep, oldestMs: time - keepForMs });
  }

  /** What is to go after some days must not wait until a segment has grown. */
  #isOverAge(time: number): boolean {
    const { keepForMs } = this.#options;
    return keepForMs !== undefined && time - this.#begunAt >= Math.min(DAY_MS, keepForMs);
  }

  #begin(time: number): SegmentFile {
    const { file } = this.#options;
    this.#clearPath();
    const segment = SegmentFile.create(this.#fs, file, this.#head.seq + 1);
    try {
      this.#fs.syncDirectory(dirname(file));
    } catch (error) {
      segment.close();
      throw error;
    }
    this.#segment = segment;
    this.#begunAt = time;
    this.#prune(time);
    return segment;
  }

  /** Nothing that holds a record is ever overwritten or removed here, whoever wrote it. */
  #clearPath(): void {
    const { file } = this.#options;
    const retired = this.#retired?.segment;
    const isOurs = retired?.isInPlace() === true;
    this.#cutRetired();
    const found = this.#fs.statusAt(file);
    if (found === undefined) return;
    const foreign = findForeignKind(file, found.kind);
    if (foreign !== undefined) throw new SegmentError('file_changed', foreign);
    if (found.bytes === 0) this.#fs.remove(file);
    else if (isOurs) this.#fs.rename(file, nameClosedSegment(this.#fs, file, retired.firstSeq));
    else if (this.#tainted !== undefined) {
      this.#fs.rename(file, nameClosedSegment(this.#fs, file, this.#tainted));
      this.#tainted = undefined;
    } else this.#fs.rename(file, nameForeignFile(this.#fs, file));
  }
}

function isDiskFull(error: unknown): boolean {
  const cause = error instanceof SegmentError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function seal(draft: Draft, entry: string): void {
  const { line, head } = sealEntry(entry, draft.head);
  draft.lines.push(line, '\n');
  draft.head = head;
  draft.unsigned += 1;
}
