import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

export const CHUNK_BYTES = 1024 * 1024;
/** Longer than any line that a gateway writes; what is longer is passed over. */
export const MAX_LINE_LENGTH = 64 * 1024;
const NEWLINE = 0x0a;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Whether a file is compressed with gzip, by its first bytes. */
export function isCompressed(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(GZIP_MAGIC.length);
    return readSync(fd, magic, 0, magic.length, 0) === magic.length && magic.equals(GZIP_MAGIC);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads the lines of a segment, plain or compressed, some at a time, in bounded memory. The last
 * one may lack its newline. Rejects with what the file system or gzip says.
 * @param end bytes of a plain file that are read; left out: all
 */
export async function* readSegmentLines(
  path: string,
  end?: number,
): AsyncGenerator<readonly string[]> {
  const source = isCompressed(path) ? decompress(path) : readPlain(path, end);
  let rest = '';
  for await (const chunk of source) {
    const newline = chunk.lastIndexOf(NEWLINE);
    if (newline === -1) {
      if (rest.length < MAX_LINE_LENGTH) rest += chunk.toString('latin1');
      continue;
    }
    // split as bytes first: a string that is put together has to be copied before it can be cut
    const lines = chunk.toString('latin1', 0, newline).split('\n');
    if (rest !== '') lines[0] = rest + lines[0];
    rest = chunk.toString('latin1', newline + 1);
    yield lines;
  }
  if (rest !== '') yield [rest];
}

/** What a chunk holds is only valid until the next one is asked for. */
async function* readPlain(path: string, end = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  await using handle = await open(path, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; position < end; ) {
    const wanted = Math.min(chunk.length, end - position);
    const { bytesRead } = await handle.read(chunk, 0, wanted, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

export async function* decompress(path: string): AsyncGenerator<Buffer> {
  const raw = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const plain = createGunzip({ chunkSize: CHUNK_BYTES });
  raw.on('error', (error) => plain.destroy(error));
  try {
    yield* raw.pipe(plain);
  } finally {
    raw.destroy();
  }
}

/** Bytes of whole lines that a plain file has now. */
export function findLastLineEnd(path: string): number {
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    const tail = Buffer.alloc(Math.min(size, MAX_LINE_LENGTH));
    const length = readSync(fd, tail, 0, tail.length, size - tail.length);
    const newline = tail.subarray(0, length).lastIndexOf(0x0a);
    return newline === -1 ? 0 : size - tail.length + newline + 1;
  } finally {
    closeSync(fd);
  }
}
