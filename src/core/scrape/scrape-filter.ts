import type { Decision } from '../decision.ts';

/**
 * Cuts a stream down to what a team may see, a piece at a time: it holds no more than the family,
 * line or group that is not whole yet. Ends in `upstream_invalid` where the stream is not of the
 * form that Pushgateway writes: what is not understood is not passed on.
 */
export interface ScrapeFilter {
  /** What of the stream so far may go out. */
  add(chunk: Uint8Array): Decision<Buffer>;
  /** What is left at the end of the stream. */
  end(): Decision<Buffer>;
}
