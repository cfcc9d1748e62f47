import { Writable } from 'node:stream';
import type { Decision, Deny } from '../core/decision.ts';
import type { Keep, ScrapeFilter } from '../core/scrape/scrape-filter.ts';
import { createBlockWriter } from './block-writer.ts';

export interface RelayOptions {
  /** What of the stream goes out. */
  readonly filter: ScrapeFilter;
  /** Told why the filter ends the stream. */
  readonly onRefusal: (refusal: Deny) => void;
}

/** What writes a stream to another. */
export interface Relay {
  /** Ends the other stream as it ends, with or without an error. */
  readonly sink: Writable;
  /** Bytes of what was written to it that are needed no more. */
  taken(): number;
}

/** Bytes that are filtered before the time is looked at. */
const PIECE_BYTES = 16 * 1024;
/** Milliseconds of one turn of the event loop. */
const TURN_MS = 2;

/** Creates a relay. Others have their turn meanwhile, however much comes at once. */
export function createRelay(out: Writable, { filter, onRefusal }: RelayOptions): Relay {
  const blocks = createBlockWriter(out);
  /** When the work of this turn of the event loop began. */
  let began: number | undefined;
  let taken = 0;

  const isOver = (decision: Decision<undefined>, done: Done): boolean => {
    if (decision.effect === 'allow') return false;
    onRefusal(decision);
    done(new Error(decision.internal));
    return true;
  };
  const take = (chunk: Buffer, from: number, done: Done): void => {
    if (began === undefined) {
      began = performance.now();
      setImmediate(() => {
        began = undefined;
        blocks.flush();
      });
    }
    for (let at = from; at < chunk.length; at += PIECE_BYTES) {
      if (performance.now() - began > TURN_MS) {
        setImmediate(take, chunk, at, done);
        return;
      }
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      if (isOver(filter.add(piece, blocks.put), done)) return;
    }
    taken += chunk.length;
    blocks.whenTaken(done);
  };
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk, 0, done);
    },
    final(done) {
      if (isOver(filter.end(blocks.put), done)) return;
      blocks.end(done);
    },
    destroy(error, done) {
      if (error !== null) out.destroy();
      done(error);
    },
  });
  out.once('close', () => {
    if (!sink.writableFinished) sink.destroy(new Error('nobody takes the rest'));
  });
  return { sink, taken: () => taken };
}

type Done = (error?: Error) => void;

const DONE: Decision<undefined> = { effect: 'allow', value: undefined };

/** Lets everything out. */
export const NO_FILTER: ScrapeFilter = {
  add(chunk: Uint8Array, keep: Keep) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    keep(bytes, 0, bytes.length);
    return DONE;
  },
  end: () => DONE,
};
