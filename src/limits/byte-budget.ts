import type { ByteBudget } from '../pipeline/ports.ts';

export interface WatchedByteBudget extends ByteBudget {
  /** Bytes taken at the moment. */
  inFlight(): number;
}

/** Bounds the bytes that the bodies of all requests hold in memory together. */
export function createByteBudget(maxBytes: number): WatchedByteBudget {
  let taken = 0;
  return {
    inFlight: () => taken,
    open() {
      let held = 0;
      return {
        reserve(bytes) {
          if (taken + bytes > maxBytes) return false;
          taken += bytes;
          held += bytes;
          return true;
        },
        [Symbol.dispose]() {
          taken -= held;
          held = 0;
        },
      };
    },
  };
}
