import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Deny, deny } from '../core/decision.ts';
import type { UpstreamReadPath } from '../core/request/endpoint.ts';
import type { PartAnswer, ScrapePart } from '../pipeline/ports/upstream.ts';

/** A part whose answer has begun. */
export interface OpenPart {
  readonly contentType: string;
  /** The next bytes; undefined at the end, and once the part has failed. Never rejects. */
  read(): Promise<Uint8Array | undefined>;
  /** Leaves it out from here on. */
  fail(refusal: Deny): void;
  /** Ends it; what was not read is not wanted. */
  close(): void;
}

/**
 * How long one part may keep the others waiting, before its answer begins and in the middle: enough is
 * left of the time of all for them to come to an end.
 */
const PATIENCE_MS = 4000;
const PATIENCE_SHARE = 0.4;
/** Of that, for one that the last probe did not find. */
const DOUBTFUL_SHARE = 0.25;

/** Bytes that are worked on before others have their turn: a millisecond or so. */
const SLICE_BYTES = 16 * 1024;

/** What a part is asked for. */
interface PartRead {
  readonly path: UpstreamReadPath;
  readonly accept: string;
  /** Of the whole read. */
  readonly leftMs: number;
}

/** Asks a part; undefined when there is nothing to be had of it, which it has been told then. */
export async function openPart(
  part: ScrapePart,
  { path, accept, leftMs }: PartRead,
): Promise<OpenPart | undefined> {
  const stop = new AbortController();
  const patienceMs = Math.min(PATIENCE_MS, leftMs * PATIENCE_SHARE);
  const headMs = part.isUp() ? patienceMs : patienceMs * DOUBTFUL_SHARE;
  const timer = setTimeout(() => stop.abort(), headMs);
  try {
    const answer = await part.open(path, accept, stop.signal);
    clearTimeout(timer);
    if (answer.status === 200 && !answer.isEncoded) return follow(part, answer, patienceMs);
    answer.body.destroy();
    part.onLeftOut(invalid(`it answered ${answer.status}`));
  } catch (error) {
    clearTimeout(timer);
    part.onLeftOut(refusalOf(error, stop.signal));
  }
  return undefined;
}

function follow(part: ScrapePart, { contentType, body }: PartAnswer, patienceMs: number): OpenPart {
  const chunks = body[Symbol.asyncIterator]();
  let isOver = false;
  const close = (): void => {
    isOver = true;
    body.destroy();
  };
  const fail = (refusal: Deny): void => {
    if (isOver) return;
    close();
    part.onLeftOut(refusal);
  };
  let slices: Uint8Array = Buffer.alloc(0);
  const takeSlice = (): Uint8Array => {
    const slice = slices.subarray(0, SLICE_BYTES);
    slices = slices.subarray(SLICE_BYTES);
    return slice;
  };
  return {
    contentType,
    async read() {
      if (isOver) return undefined;
      if (slices.length > 0) {
        await nextTurn();
        return takeSlice();
      }
      const waiting = new AbortController();
      try {
        const next = await Promise.race([
          chunks.next(),
          delay(patienceMs, 'late' as const, { signal: waiting.signal, ref: false }),
        ]);
        if (next === 'late')
          fail(deny('upstream_timeout', { internal: 'it stopped in the middle' }));
        else if (next.done !== true) {
          slices = next.value;
          return takeSlice();
        }
      } catch (error) {
        fail(refusalOf(error));
      } finally {
        waiting.abort();
      }
      return undefined;
    },
    fail,
    close,
  };
}

function invalid(internal: string): Deny {
  return deny('upstream_invalid', { internal });
}

function refusalOf(error: unknown, signal?: AbortSignal): Deny {
  if (signal?.aborted) return deny('upstream_timeout', { internal: 'it did not answer in time' });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = code.startsWith('HPE_') ? 'upstream_invalid' : 'upstream_unreachable';
  return deny(reason, { internal: `${code} ${error instanceof Error ? error.message : error}` });
}
