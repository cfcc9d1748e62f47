import type { Clock } from '../../src/pipeline/ports.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
  /** Sets the dates, and only them, ahead or, below zero, back. */
  jump(milliseconds: number): void;
}

/**
 * Makes one.
 *
 * @param start - milliseconds since the epoch.
 */
export function manualClock(start = Date.now()): ManualClock {
  let elapsed = 0;
  let ahead = 0;
  return {
    now: () => start + elapsed + ahead,
    monotonic: () => elapsed,
    advance(milliseconds) {
      elapsed += milliseconds;
    },
    jump(milliseconds) {
      ahead += milliseconds;
    },
  };
}

/** One that goes on by itself too. */
export function runningClock(): ManualClock {
  const ahead = manualClock(0);
  return {
    ...ahead,
    now: () => Date.now() + ahead.now(),
    monotonic: () => performance.now() + ahead.monotonic(),
  };
}
