import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from '../core/steps.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Milliseconds of work before requests have their turn. */
const SLICE_MS = 4;

/**
 * Does work in slices between which everything else has its turn of the event loop, the first in a
 * turn of its own; ends as the work ends.
 */
export async function runInSlices<T>(
  steps: Steps<T>,
  clock: Pick<Clock, 'monotonic'>,
  pause: () => Promise<void> = nextTurn,
): Promise<T> {
  for (;;) {
    await pause();
    const end = clock.monotonic() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (clock.monotonic() < end);
  }
}
