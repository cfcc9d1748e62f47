import type { ByteBudget } from '../pipeline/ports.ts';

interface ByteBudgetOptions {
  /** Read at each call, so that a reload takes effect. */
  readonly maxBytes: () => number;
  readonly onChange: (takenBytes: number) => void;
}

/** Bounds the bytes that the bodies of all requests hold in memory together. */
export function createByteBudget({ maxBytes, onChange }: ByteBudgetOptions): ByteBudget {
  let taken = 0;
  const change = (bytes: number): void => {
    taken += bytes;
    onChange(taken);
  };
  return {
    open() {
      let held = 0;
      return {
        reserve(bytes) {
          if (taken + bytes > maxBytes()) return false;
          held += bytes;
          change(bytes);
          return true;
        },
        [Symbol.dispose]() {
          change(-held);
          held = 0;
        },
      };
    },
  };
}
