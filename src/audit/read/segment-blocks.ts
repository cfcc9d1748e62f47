import { open } from 'node:fs/promises';
import type { LineBlock } from '../../core/audit/history/log-line.ts';
import { CHUNK_BYTES, decompress, isCompressed, MAX_LINE_LENGTH } from './segment-lines.ts';

const NEWLINE = 0x0a;

/** Reads what comes next into a buffer from a place on; 0 bytes at the end. */
type ReadInto = (bytes: Buffer, at: number) => Promise<number>;

/**
 * Reads whole lines of a segment, plain or compressed, as bytes and without a copy of them, in
 * bounded memory: a block is valid until the next one is asked for. The last line may lack its
 * newline; one that is longer than any of a gateway is passed over. Rejects with what the file
 * system or gzip says.
 * @param end bytes of a plain file that are read; left out: all
 */
export async function* readSegmentBlocks(path: string, end?: number): AsyncGenerator<LineBlock> {
  await using stack = new AsyncDisposableStack();
  const read = isCompressed(path)
    ? readCompressed(stack, path)
    : await readPlain(stack, path, end ?? Number.POSITIVE_INFINITY);
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES + MAX_LINE_LENGTH);
  let held = 0;
  let isTooLong = false;
  for (let count = await read(bytes, held); count > 0; count = await read(bytes, held)) {
    const length = held + count;
    const to = bytes.lastIndexOf(NEWLINE, length - 1) + 1;
    const from = isTooLong ? bytes.indexOf(NEWLINE) + 1 : 0;
    if (to > from) yield { bytes, from, to };
    if (to > 0) isTooLong = false;
    held = length - to;
    if (held > MAX_LINE_LENGTH) isTooLong = true;
    if (isTooLong) held = 0;
    else bytes.copyWithin(0, to, length);
  }
  if (held > 0) yield { bytes, from: 0, to: held };
}

async function readPlain(
  stack: AsyncDisposableStack,
  path: string,
  end: number,
): Promise<ReadInto> {
  const handle = stack.use(await open(path, 'r'));
  let position = 0;
  return async (bytes, at) => {
    const wanted = Math.min(bytes.length - at, end - position);
    if (wanted <= 0) return 0;
    const { bytesRead } = await handle.read(bytes, at, wanted, position);
    position += bytesRead;
    return bytesRead;
  };
}

function readCompressed(stack: AsyncDisposableStack, path: string): ReadInto {
  const source = decompress(path);
  stack.defer(async () => void (await source.return(undefined)));
  let chunk: Buffer = Buffer.alloc(0);
  return async (bytes, at) => {
    if (chunk.length === 0) {
      const next = await source.next();
      if (next.done) return 0;
      chunk = next.value;
    }
    const count = chunk.copy(bytes, at);
    chunk = chunk.subarray(count);
    return count;
  };
}
