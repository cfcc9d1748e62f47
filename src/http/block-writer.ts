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
  /** Full ones that wait until others have arrived. */
  const full: Buffer[] = [];
  let onTheirWay = 0;
  let waiting: (() => void) | undefined;
  let onEnd: (() => void) | undefined;

  const write = (sent: Buffer, length: number): void => {
    onTheirWay += 1;
    out.write(sent.subarray(0, length), (error) => {
      onTheirWay -= 1;
      if (error) return; // it may still be read
      if (idle.length < MOST_IDLE) idle.push(sent);
      // many that are taken at once are not sent in one turn of the event loop
      if (full.length > 0) setImmediate(goOn);
      else goOn();
    });
  };
  const flush = (): void => {
    if (block === undefined || onTheirWay > 0 || full.length > 0) return;
    write(block, filled);
    block = undefined;
    filled = 0;
  };
  const goOn = (): void => {
    for (let sent = full.shift(); sent !== undefined; sent = full.shift()) {
      write(sent, sent.length);
      if (onTheirWay >= MOST_ON_THEIR_WAY) return;
    }
    if (onEnd !== undefined) {
      finish(onEnd);
      return;
    }
    const resume = waiting;
    waiting = undefined;
    if (resume === undefined) flush();
    else resume();
  };
  const finish = (done: () => void): void => {
    if (block !== undefined) write(block, filled);
    block = undefined;
    onEnd = undefined;
    out.end(done);
  };
  return {
    put(bytes, start, end) {
      for (let at = start; at < end; ) {
        block ??= idle.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
        const copied = bytes.copy(block, filled, at, end);
        at += copied;
        filled += copied;
        if (filled < BLOCK_BYTES) continue;
        if (onTheirWay < MOST_ON_THEIR_WAY && full.length === 0) write(block, filled);
        else full.push(block);
        block = undefined;
        filled = 0;
      }
    },
    flush,
    whenTaken(done) {
      if (onTheirWay < MOST_ON_THEIR_WAY && full.length === 0) done();
      else waiting = done;
    },
    end(done) {
      if (full.length === 0) finish(done);
      else onEnd = done;
    },
  };
}
