import type { Clock } from '../pipeline/ports.ts';

/** The clocks of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
