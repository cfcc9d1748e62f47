/**
 * Reads a clock of dates so that a jump of it makes nothing old. A clock that jumps forward, or back
 * and then right again, would end groups that were pushed to a moment ago; one that goes too slow
 * for a while ends nothing too early.
 */
export interface SteadyTime {
  /**
   * Looks at the clock, both in milliseconds.
   * @param shown - since the epoch
   * @param monotonic - from an arbitrary start, never jumping
   * @returns how far it jumped since it was last looked at; 0 if it did not
   */
  note(shown: number, monotonic: number): number;
  /**
   * The time by which ages count: what the clock shows, but without its jumps forward until `holdMs`
   * have passed since the last one. Undefined before the first look.
   */
  at(monotonic: number, holdMs: number): number | undefined;
}

/** More than a busy event loop and a header that counts in seconds make of a clock that is right. */
const JUMP_MS = 10_000;

/** Creates the reader of one clock. */
export function createSteadyTime(): SteadyTime {
  /** What the clock is ahead of the monotonic one: as it was last seen, and as it counts. */
  let seen: number | undefined;
  let counted = 0;
  let jumpedAt = Number.NEGATIVE_INFINITY;
  return {
    note(shown, monotonic) {
      const ahead = shown - monotonic;
      const jump = seen === undefined ? 0 : ahead - seen;
      counted = seen === undefined ? ahead : Math.min(counted, ahead);
      seen = ahead;
      if (jump > JUMP_MS) jumpedAt = monotonic;
      return Math.abs(jump) > JUMP_MS ? jump : 0;
    },
    at(monotonic, holdMs) {
      if (seen === undefined) return undefined;
      if (monotonic - jumpedAt >= holdMs) counted = seen;
      return monotonic + counted;
    },
  };
}
