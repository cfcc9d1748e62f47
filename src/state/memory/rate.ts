import type { TeamLimits } from '../../core/policy/limits.ts';

/** How often a team may push. */
export interface Rate {
  /** Takes one push of it. @returns milliseconds until there is another; 0: it was taken */
  take(now: number): number;
}

const BURST_WINDOW_MS = 60_000;

/**
 * `rate.count` in every `rate.perMs`, and `burst` more in a minute, or in `rate.perMs` where that is
 * longer: over a long time the burst adds little to the rate. Counted as Valkey does it for several
 * gateways.
 */
export function createRate({ rate, burst }: Pick<TeamLimits, 'rate' | 'burst'>): Rate {
  const steady = new Window(rate.count, rate.perMs);
  const more = new Window(burst, Math.max(rate.perMs, BURST_WINDOW_MS));
  return {
    take(now) {
      if (steady.take(now) || more.take(now)) return 0;
      return Math.min(steady.left(now), more.left(now));
    },
  };
}

/** So many in a time, which begins with the first of them. */
class Window {
  readonly #most: number;
  readonly #perMs: number;
  #taken = 0;
  #endsAt = Number.NEGATIVE_INFINITY;

  constructor(most: number, perMs: number) {
    this.#most = most;
    this.#perMs = perMs;
  }

  /** @returns whether there was one left */
  take(now: number): boolean {
    if (now >= this.#endsAt) {
      this.#taken = 0;
      this.#endsAt = now + this.#perMs;
    }
    if (this.#taken >= this.#most) return false;
    this.#taken += 1;
    return true;
  }

  /** Milliseconds until it is over. */
  left(now: number): number {
    return Math.max(1, Math.ceil(this.#endsAt - now));
  }
}
