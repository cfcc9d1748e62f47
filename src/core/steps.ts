import type { MaybePromise } from './maybe-promise.ts';

/**
 * Work that can be left and taken up again between any two of its steps, each of them small. Whoever
 * drives it decides when others have their turn.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all of the work at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** How work is cut up. */
export interface Slices {
  /** Steps of each. */
  readonly length: number;
  /** Lets others have their turn. */
  readonly pause: () => Promise<unknown>;
}

/** Does the work in slices of a number of steps, the first one at once: it may be all of it. */
export function finishInSlices<T>(steps: Steps<T>, slices: Slices): MaybePromise<T> {
  for (let done = 0; done < slices.length; done += 1) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
  return finishLater(steps, slices);
}

async function finishLater<T>(steps: Steps<T>, { length, pause }: Slices): Promise<T> {
  for (let done = 0; ; done += 1) {
    if (done % length === 0) await pause();
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** What `Array.prototype.map` does, a step for each item. */
export function* mapInSteps<T, U>(items: readonly T[], map: (item: T) => U): Steps<readonly U[]> {
  const mapped: U[] = [];
  for (const item of items) {
    mapped.push(map(item));
    yield;
  }
  return mapped;
}
