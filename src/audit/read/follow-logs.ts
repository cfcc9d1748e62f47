import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
const CHUNK_BYTES = 256 * 1024;

/** A file that grows, and what was read of it. */
interface Followed {
  readonly path: string;
  handle: FileHandle | undefined;
  inode: number;
  position: number;
  /** A line that is not whole yet. */
  rest: string;
}

/**
 * Reads what is added to files, some lines at a time, until `signal` aborts; an empty block after
 * each look at all of them. When another file has come in the place of one, as with each new
 * segment, the old one is read to its end first.
 * @param starts byte at which each is begun: its size when it was read the first time
 */
export async function* followLogs(
  starts: ReadonlyMap<string, number>,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const followed: Followed[] = [...starts].map(([path, position]) => {
    return { path, handle: undefined, inode: 0, position, rest: '' };
  });
  try {
    while (!signal.aborted) {
      for (const file of followed) yield* readNew(file);
      yield [];
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const { handle } of followed) await handle?.close();
  }
}

async function* readNew(file: Followed): AsyncGenerator<readonly string[]> {
  if (file.handle === undefined && !(await begin(file, file.position))) return;
  yield* readToEnd(file);
  const found = await stat(file.path).catch(() => undefined);
  if (found === undefined || found.ino === file.inode) return;
  yield* readToEnd(file);
  await file.handle?.close();
  file.handle = undefined;
  if (await begin(file, 0)) yield* readToEnd(file);
}

async function begin(file: Followed, position: number): Promise<boolean> {
  const handle = await open(file.path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  file.handle = handle;
  file.inode = (await handle.stat()).ino;
  file.position = position;
  file.rest = '';
  return true;
}

async function* readToEnd(file: Followed): AsyncGenerator<readonly string[]> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const read = await file.handle?.read(chunk, 0, chunk.length, file.position);
    if (read === undefined || read.bytesRead === 0) return;
    file.position += read.bytesRead;
    const lines = (file.rest + chunk.toString('latin1', 0, read.bytesRead)).split('\n');
    file.rest = lines.pop() ?? '';
    yield lines;
  }
}
