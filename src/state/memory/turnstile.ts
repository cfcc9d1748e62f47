import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Entry, TeamTurnstile, Turn, Turnstile } from '../../pipeline/shared-state.ts';
import { createPlaces } from '../places.ts';

const BURST_WINDOW_SECONDS = 60;
/** Of a gateway that is alone: it is told when a place comes free. */
const FULL: Entry = { kind: 'full', retryMs: Number.POSITIVE_INFINITY };

/** Counts in memory. The rate of a team whose rate or burst changed starts anew. */
export function createMemoryTurnstile(): Turnstile {
  const teams = new Map<string, TeamTurnstile>();
  return {
    team(name) {
      const known = teams.get(name) ?? createTeamTurnstile(name);
      teams.set(name, known);
      return known;
    },
  };
}

function createTeamTurnstile(team: string): TeamTurnstile {
  const places = createPlaces();
  let counted: { readonly limits: Turn['limits']; readonly rate: BurstyRateLimiter } | undefined;
  const rateOf = (limits: Turn['limits']): BurstyRateLimiter => {
    if (counted === undefined || !hasSameRate(counted.limits, limits)) {
      counted = { limits, rate: createRate(limits) };
    }
    return counted.rate;
  };
  return {
    get sources() {
      return places.sources;
    },
    has: places.has,
    isFull: places.isFull,
    async enter({ source, limits, ignoresRate }) {
      if (places.isFull(source, limits.concurrent)) return FULL;
      places.take(source);
      const leave = (): void => places.giveBack(source);
      if (ignoresRate) return { kind: 'entered', leave };
      try {
        const waitMs = await consume(rateOf(limits), team);
        if (waitMs === 0) return { kind: 'entered', leave };
        leave();
        return { kind: 'early', waitMs };
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

function hasSameRate(a: Turn['limits'], b: Turn['limits']): boolean {
  return a.rate.count === b.rate.count && a.rate.perMs === b.rate.perMs && a.burst === b.burst;
}

/**
 * `rate.count` in every `rate.perMs`, and `burst` more in a minute, or in `rate.perMs` where that is
 * longer: over a long time the burst adds little to the rate.
 */
function createRate({ rate, burst }: Turn['limits']): BurstyRateLimiter {
  const seconds = rate.perMs / 1000;
  const steady = new RateLimiterMemory({ points: rate.count, duration: seconds });
  const more = new RateLimiterMemory({
    points: burst,
    duration: Math.max(seconds, BURST_WINDOW_SECONDS),
  });
  return new BurstyRateLimiter(steady, more);
}

/** Milliseconds until the team may push again; 0: it may now. */
async function consume(rate: BurstyRateLimiter, team: string): Promise<number> {
  try {
    await rate.consume(team);
    return 0;
  } catch (refusal) {
    // The library rejects with its state when the points are spent, and with an Error when broken.
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, refusal.msBeforeNext);
  }
}
