import type { ByteBudget, ByteLease } from '../pipeline/ports.ts';

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
  class Held implements ByteLease {
    #bytes = 0;

    reserve(bytes: number): boolean {
      if (taken + bytes > maxBytes()) return false;
      this.#bytes += bytes;
      change(bytes);
      return true;
    }

    [Symbol.dispose](): void {
      change(-this.#bytes);
      this.#bytes = 0;
    }
  }
  return { open: () => new Held() };
}
