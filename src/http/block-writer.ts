import type { Writable } from 'node:stream';
import type { Keep } from '../core/scrape/scrape-filter.ts';

/** Writes many small parts in few large ones. */
interface BlockWriter {
  /** Copies some bytes. */
  readonly put: Keep;
  /** Writes what is there, unless something is on its way. */
  flush(): void;
  /** Calls back once more can be taken, at once if it can be. */
  whenTaken(done: () => void): void;
  /** Writes the rest and ends the stream. */
  end(done: () => void): void;
}

const BLOCK_BYTES = 64 * 1024;
/** Of one stream. */
const MOST_ON_THEIR_WAY = 2;
/** Blocks that are kept to be used again. */
const MOST_IDLE = 8;

/** Of the process: a scrape of megabytes is no garbage, of which the collection would hold up others. */
const idle: Buffer[] = [];

export function createBlockWriter(out: Writable): BlockWriter {
  let block: Buffer | undefined;
  let filled = 0;
  let onTheirWay = 0;
  let waiting: (() => void) | undefined;

  const send = (): void => {
    if (block === undefined) return;
    const sent = block;
    onTheirWay += 1;
    out.write(sent.subarray(0, filled), (error) => {
      onTheirWay -= 1;
      if (error) return; // it may still be read
      if (idle.length < MOST_IDLE) idle.push(sent);
      const goOn = waiting;
      waiting = undefined;
      if (goOn !== undefined) goOn();
      else flush();
    });
    block = undefined;
    filled = 0;
  };
  const flush = (): void => {
    if (onTheirWay === 0) send();
  };
  return {
    put(bytes, start, end) {
      for (let at = start; at < end; ) {
        block ??= idle.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
        const copied = bytes.copy(block, filled, at, end);
        at += copied;
        filled += copied;
        if (filled === BLOCK_BYTES) send();
      }
    },
    flush,
    whenTaken(done) {
      if (onTheirWay < MOST_ON_THEIR_WAY) done();
      else waiting = done;
    },
    end(done) {
      send();
      out.end(done);
    },
  };
}
