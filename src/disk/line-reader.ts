import type { FileSystem } from './file-system.ts';

/** Longer than any line the gateway writes; what is beyond it is skipped, not held in memory. */
const MAX_LINE_BYTES = 32 * 1024;
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** One character a byte, without the newline; cut at 32 KiB. */
  readonly text: string;
  /** In the file, the newline included. */
  readonly bytes: number;
  /** False for a last line without a newline. */
  readonly complete: boolean;
}

/** Part of a file, in bytes; `to` is not part of it. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const WHOLE_FILE: ByteRange = { from: 0, to: Number.POSITIVE_INFINITY };

/** Reads the lines of an open file, or of a part that begins with a line, in constant memory. */
export function* readLines(fs: FileSystem, fd: number, range = WHOLE_FILE): Generator<Line> {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, fs.status(fd).bytes + 1));
  let number = 0;
  let text = '';
  let bytes = 0;
  for (let position = range.from; position < range.to; ) {
    const length = Math.min(fs.read(fd, chunk, position), range.to - position);
    if (length === 0) break;
    position += length;
    let start = 0;
    for (;;) {
      const newline = chunk.subarray(0, length).indexOf(NEWLINE, start);
      const end = newline === -1 ? length : newline;
      const limit = Math.min(end, start + MAX_LINE_BYTES - text.length);
      text += chunk.toString('latin1', start, limit);
      bytes += end - start;
      if (newline === -1) break;
      number += 1;
      yield { number, text, bytes: bytes + 1, complete: true };
      text = '';
      bytes = 0;
      start = newline + 1;
    }
  }
  if (bytes > 0) yield { number: number + 1, text, bytes, complete: false };
}

/** Cuts a file into parts of about `bytes` that begin with a line, in order. */
export function cutIntoRanges(fs: FileSystem, fd: number, bytes: number): readonly ByteRange[] {
  const size = fs.status(fd).bytes;
  const chunk = Buffer.allocUnsafe(MAX_LINE_BYTES);
  const ranges: ByteRange[] = [];
  let from = 0;
  for (let position = bytes; position < size; position += bytes) {
    const newline = chunk.subarray(0, fs.read(fd, chunk, position)).indexOf(NEWLINE);
    // a line that long is none of the gateway's: it stays in one part with its beginning
    if (newline === -1) continue;
    ranges.push({ from, to: position + newline + 1 });
    from = position + newline + 1;
  }
  return [...ranges, { from, to: size }];
}
