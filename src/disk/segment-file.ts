import type { RecoveryCause } from '../core/audit/audit-record.ts';
import { findForeignKind } from '../core/file-kind.ts';
import type { FileStatus, FileSystem } from './file-system.ts';

/** Why a batch did not reach the disk; tells what the writer may still trust. */
export class SegmentError extends Error {
  readonly kind: Extract<RecoveryCause, 'write_failed' | 'sync_failed' | 'file_changed'>;
  /** Bytes of the batch that had reached the file. */
  readonly writtenBytes: number;

  constructor(kind: SegmentError['kind'], message: string, writtenBytes = 0, cause?: unknown) {
    super(message, { cause });
    this.name = 'SegmentError';
    this.kind = kind;
    this.writtenBytes = writtenBytes;
  }
}

/** The file being written: knows how much of it is whole, and notices when others touch it. */
export class SegmentFile {
  readonly path: string;
  /** Sequence number of its first record. */
  readonly firstSeq: number;
  readonly #fs: FileSystem;
  readonly #fd: number;
  readonly #identity: FileStatus;
  #bytes: number;

  private constructor(fs: FileSystem, path: string, fd: number, firstSeq: number) {
    this.path = path;
    this.firstSeq = firstSeq;
    this.#fs = fs;
    this.#fd = fd;
    this.#identity = fs.status(fd);
    const foreign = findForeignKind(path, this.#identity.kind);
    if (foreign !== undefined) {
      fs.close(fd);
      throw new SegmentError('file_changed', foreign);
    }
    this.#bytes = this.#identity.bytes;
  }

  /** Begins a segment at `path`, where nothing may be yet. */
  static create(fs: FileSystem, path: string, firstSeq: number): SegmentFile {
    return new SegmentFile(fs, path, fs.open(path, 'ax+'), firstSeq);
  }

  /** Goes on with a segment, without the `tornBytes` of an unfinished line at its end. */
  static reopen(fs: FileSystem, path: string, firstSeq: number, tornBytes: number): SegmentFile {
    const segment = new SegmentFile(fs, path, fs.open(path, 'a+'), firstSeq);
    segment.#bytes -= tornBytes;
    if (!segment.cutBack()) throw new SegmentError('write_failed', 'cannot cut a torn last line');
    return segment;
  }

  /** Bytes of whole records. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds whole records, durably when `sync` is true, with all that was added before. On a
   * SegmentError nothing of them counts; `cutBack` removes what is left of them.
   */
  append(records: Uint8Array, sync: boolean): void {
    this.#assertUntouched(0);
    let written = 0;
    try {
      while (written < records.byteLength) {
        const accepted = this.#fs.append(this.#fd, records, written);
        if (accepted === 0) throw new Error('the disk took no byte');
        written += accepted;
      }
    } catch (cause) {
      throw new SegmentError('write_failed', describe('cannot write', cause), written, cause);
    }
    this.#assertUntouched(written);
    try {
      if (sync) this.#fs.sync(this.#fd);
    } catch (cause) {
      // the kernel reports a lost page once: the next sync of this descriptor would succeed
      throw new SegmentError('sync_failed', describe('cannot sync', cause), written, cause);
    }
    this.#bytes += written;
  }

  /** Cuts the file after its last whole record; false when that cannot be done. */
  cutBack(): boolean {
    try {
      if (this.#fs.status(this.#fd).bytes > this.#bytes) {
        this.#fs.truncate(this.#fd, this.#bytes);
      }
      return this.#fs.status(this.#fd).bytes === this.#bytes;
    } catch {
      return false;
    }
  }

  /** Whether the file at its path is still this one. */
  isInPlace(): boolean {
    return this.#isThis(this.#fs.statusAt(this.path));
  }

  close(): void {
    this.#fs.close(this.#fd);
  }

  /** What is at the path must be this file, as long as it was made here. */
  #assertUntouched(writtenBytes: number): void {
    const found = this.#fs.statusAt(this.path);
    if (!this.#isThis(found)) {
      throw new SegmentError('file_changed', 'the file was moved or removed', writtenBytes);
    }
    const expected = this.#bytes + writtenBytes;
    if (found?.bytes !== expected) {
      const problem = `the file has ${found?.bytes} bytes where ${expected} were written`;
      throw new SegmentError('file_changed', problem, writtenBytes);
    }
  }

  #isThis(found: FileStatus | undefined): boolean {
    return found?.inode === this.#identity.inode && found.device === this.#identity.device;
  }
}

/** Cuts the file at `path` to `bytes`, if it is longer and if the disk lets it. */
export function cutFile(fs: FileSystem, path: string, bytes: number): void {
  if ((fs.statusAt(path)?.bytes ?? 0) <= bytes) return;
  const fd = fs.open(path, 'r+');
  try {
    fs.truncate(fd, bytes);
    fs.sync(fd);
  } catch {
    // the records beyond stay: `audit verify` will say that they stand there twice
  } finally {
    fs.close(fd);
  }
}

function describe(what: string, cause: unknown): string {
  return `${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
}
