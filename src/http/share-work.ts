import { setTimeout as rest } from 'node:timers/promises';

/** Time that passes before it is done again, as a multiple of what it took. */
const REST = 3;

/**
 * Lets all who ask meanwhile share what is done next, begun after they asked: however often it is
 * asked for, it takes a quarter of a core at most.
 */
export function shareWork<T>(work: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let rested: Promise<unknown> = Promise.resolve();
  const begin = async (): Promise<T> => {
    await rested;
    next = undefined;
    const began = performance.now();
    try {
      return await work();
    } finally {
      rested = rest((performance.now() - began) * REST, undefined, { ref: false });
    }
  };
  return () => {
    next ??= begin();
    return next;
  };
}
