import type { WorkLock } from '../../pipeline/shared-state.ts';

/** A work of a gateway that is alone: it is never taken for over. */
export function createMemoryWorkLock(): WorkLock {
  let last: Promise<unknown> = Promise.resolve();
  const { signal: never } = new AbortController();
  return {
    hold(work) {
      const held = last.then(() => work(never));
      last = held.catch(() => undefined);
      return held;
    },
  };
}
