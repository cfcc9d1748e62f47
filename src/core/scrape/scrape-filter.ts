import type { Decision } from '../decision.ts';

/** Takes bytes that may go out, which are good until it returns. */
export type Keep = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a stream down to what a team may see, a piece at a time: it holds no more than the family,
 * line or group that is not whole yet. Ends in `upstream_invalid` where the stream is not of the
 * form that Pushgateway writes: what is not understood is not passed on.
 */
export interface ScrapeFilter {
  /**
   * Keeps what of the stream so far may go out, in a time that depends on the length of the chunk
   * alone. Nothing of the chunk is held.
   */
  add(chunk: Uint8Array, keep: Keep): Decision<undefined>;
  /** Keeps what is left at the end of the stream. */
  end(keep: Keep): Decision<undefined>;
}
