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

/** Reads the lines of an open file from its start, in constant memory. */
export function* readLines(fs: FileSystem, fd: number): Generator<Line> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let number = 0;
  let text = '';
  let bytes = 0;
  for (let position = 0; ; ) {
    const length = fs.read(fd, chunk, position);
    if (length === 0) break;
    position += length;
    let start = 0;
    for (;;) {
      const newline = chunk.subarray(0, length).indexOf(NEWLINE, start);
      const end = newline === -1 ? length : newline;
      text += chunk.toString('latin1', start, Math.min(end, start + MAX_LINE_BYTES - text.length));
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
