import type { Clock } from '../../src/pipeline/ports.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
}

/**
 * Makes one.
 *
 * @param start - milliseconds since the epoch.
 */
export function manualClock(start = Date.now()): ManualClock {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance(milliseconds) {
      elapsed += milliseconds;
    },
  };
}
