import { write, writeSync } from 'node:fs';

/** Somewhere lines go to. */
interface LineSink {
  write(line: string): void;
}

/** Characters that may wait for whoever reads; lines beyond are lost. */
const MAX_WAITING = 1024 * 1024;
/** Until a reader that was not ready is tried again. */
const RETRY_MS = 10;
/** How often, when the process ends. */
const LAST_TRIES = 50;

/**
 * Creates a sink that writes to a file descriptor, in order, and makes nobody wait: where nobody
 * reads, or the disk is full, lines are lost. What still waits when the process ends is written then.
 */
export function createLineSink(fd: number): LineSink {
  let waiting = '';
  let isWriting = false;

  const writeBytes = (bytes: Buffer): void => {
    isWriting = true;
    write(fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(writeBytes, RETRY_MS, bytes).unref();
      } else if (error === null && count < bytes.byteLength) {
        writeBytes(bytes.subarray(count));
      } else {
        isWriting = false;
        writeNext();
      }
    });
  };
  const writeNext = (): void => {
    if (isWriting || waiting === '') return;
    const bytes = Buffer.from(waiting);
    waiting = '';
    writeBytes(bytes);
  };

  process.on('exit', () => {
    // No callback tells any more of the write under way, which mostly ends at once.
    if (isWriting) pause();
    writeLast(fd, Buffer.from(waiting));
  });
  return {
    write(line) {
      if (waiting.length + line.length <= MAX_WAITING) waiting += line;
      writeNext();
    },
  };
}

function writeLast(fd: number, bytes: Buffer): void {
  let rest = bytes;
  for (let tries = 0; tries < LAST_TRIES && rest.byteLength > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
      pause();
      tries += 1;
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
