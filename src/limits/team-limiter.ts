import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { allow, type Decision, deny } from '../core/decision.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { Lease, TeamLimiter } from '../pipeline/ports.ts';

interface TeamState {
  limits: TeamLimits;
  rate: BurstyRateLimiter;
  /** Pushes and deletes under way; those that began under other limits are among them. */
  underWay: number;
}

/** Seconds after which a team with too many pushes under way may try again. */
const CONCURRENCY_RETRY_SECONDS = 1;
const BURST_WINDOW_SECONDS = 60;

/**
 * Limits each team's pushes and deletes: how many in a time, with a burst on top, and how many at
 * once. State is kept in memory and survives a reload; the rate of a team whose rate or burst
 * changed starts anew.
 */
export function createTeamLimiter(): TeamLimiter {
  const states = new Map<string, TeamState>();
  const stateOf = (team: string, limits: TeamLimits): TeamState => {
    const known = states.get(team);
    if (known === undefined) {
      const state = { limits, rate: createRate(limits), underWay: 0 };
      states.set(team, state);
      return state;
    }
    if (!hasSameRate(known.limits, limits)) {
      known.limits = limits;
      known.rate = createRate(limits);
    }
    return known;
  };
  return {
    async enter(team, limits) {
      const state = stateOf(team, limits);
      if (state.underWay >= limits.concurrent) {
        return deny('too_many_concurrent', {
          detail: `the team may have ${limits.concurrent} pushes under way`,
          retryAfterSeconds: CONCURRENCY_RETRY_SECONDS,
        });
      }
      using scope = new DisposableStack();
      scope.use(openLease(state));
      const admitted = await consume(state.rate, team, limits);
      return admitted.effect === 'deny' ? admitted : allow(scope.move());
    },
  };
}

function hasSameRate(a: TeamLimits, b: TeamLimits): boolean {
  return a.rate.count === b.rate.count && a.rate.perMs === b.rate.perMs && a.burst === b.burst;
}

/**
 * `rate.count` in every `rate.perMs`, and `burst` more in a minute, or in `rate.perMs` where that is
 * longer: over a long time the burst adds little to the rate.
 */
function createRate({ rate, burst }: TeamLimits): BurstyRateLimiter {
  const seconds = rate.perMs / 1000;
  const steady = new RateLimiterMemory({ points: rate.count, duration: seconds });
  const more = new RateLimiterMemory({
    points: burst,
    duration: Math.max(seconds, BURST_WINDOW_SECONDS),
  });
  return new BurstyRateLimiter(steady, more);
}

async function consume(
  rate: BurstyRateLimiter,
  team: string,
  limits: TeamLimits,
): Promise<Decision<undefined>> {
  try {
    await rate.consume(team);
    return allow(undefined);
  } catch (refusal) {
    // The library rejects with its state when the points are spent, and with an Error when broken.
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    const { count, perMs } = limits.rate;
    return deny('rate_limited', {
      detail: `the team may push ${count} times in ${perMs / 1000} s`,
      retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
    });
  }
}

function openLease(state: TeamState): Lease {
  state.underWay += 1;
  return {
    [Symbol.dispose]: () => {
      state.underWay -= 1;
    },
  };
}
