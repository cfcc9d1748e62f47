import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { Lease, TeamGuest, TeamLimiter } from '../pipeline/ports.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

interface TeamState {
  limits: TeamLimits;
  rate: BurstyRateLimiter;
  /** Pushes and deletes under way; those that began under other limits are among them. */
  underWay: number;
  readonly line: WaitingLine<Waiting>;
  isServing: boolean;
  /** Whether a place came free while the line was served. */
  isDue: boolean;
  /** Set while the first of the line waits for the rate. */
  timer: NodeJS.Timeout | undefined;
}

/** A push that waits its turn. */
interface Waiting {
  readonly bytes: number;
  readonly limits: TeamLimits;
  readonly passes: (refusal: Deny) => boolean;
  /** Milliseconds of the monotonic clock at which it has waited long enough. */
  readonly deadline: number;
  readonly end: (decision: Decision<Lease>) => void;
}

interface TeamLimiterOptions {
  /** Pushes of one team that may wait; read at each call, so that a reload takes effect. */
  readonly maxWaiting: () => number;
}

/** Seconds after which a team with too many pushes under way may try again. */
const CONCURRENCY_RETRY_SECONDS = 1;
const BURST_WINDOW_SECONDS = 60;

/**
 * Limits each team's pushes and deletes: how many in a time, with a burst on top, and how many at
 * once. What is over a limit waits its turn, up to `limits.waitMs`, in the order of arrival; what
 * cannot come to its turn in that time is refused at once. State is kept in memory and survives a
 * reload; the rate of a team whose rate or burst changed starts anew.
 */
export function createTeamLimiter({ maxWaiting }: TeamLimiterOptions): TeamLimiter {
  const states = new Map<string, TeamState>();
  const stateOf = (team: string, limits: TeamLimits): TeamState => {
    const known = states.get(team);
    if (known === undefined) {
      const line = createWaitingLine<Waiting>(maxWaiting);
      const rate = createRate(limits);
      const idle = { underWay: 0, isServing: false, isDue: false, timer: undefined };
      const state = { ...idle, limits, rate, line };
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
    async enter(team, limits, guest) {
      const state = stateOf(team, limits);
      if (isFree(state, limits)) {
        const lease = await enterAtOnce(state, team, limits, guest);
        if (lease !== undefined) return lease;
      }
      const { promise, resolve } = Promise.withResolvers<Decision<Lease>>();
      if (!state.line.hasRoom(guest.bytes)) return denyCrowd(limits, state);
      joinLine(state, limits, guest, resolve);
      void serve(state, team);
      return await promise;
    },
  };
}

/** Whether nobody is in the line, or would be. */
function isFree({ line, isServing, underWay }: TeamState, { concurrent }: TeamLimits): boolean {
  return line.length === 0 && !isServing && underWay < concurrent;
}

/** Most pushes find a free place, and are spared a timer; undefined for one that is to wait. */
async function enterAtOnce(
  state: TeamState,
  team: string,
  limits: TeamLimits,
  guest: TeamGuest,
): Promise<Decision<Lease> | undefined> {
  const lease = openLease(state, () => void serve(state, team));
  let refusal: Deny | undefined;
  try {
    const waitMs = await consume(state.rate, team);
    if (waitMs === 0 || guest.passes?.(denyRate(limits, waitMs))) return allow(lease);
    if (waitMs > limits.waitMs) refusal = denyRate(limits, waitMs);
  } catch (error) {
    refusal = deny('internal_error', { internal: String(error) });
  }
  lease[Symbol.dispose]();
  return refusal;
}

function joinLine(
  state: TeamState,
  limits: TeamLimits,
  guest: TeamGuest,
  resolve: (decision: Decision<Lease>) => void,
): void {
  const deadline = performance.now() + limits.waitMs;
  const { line } = state;
  const waiting: Waiting = {
    ...{ bytes: guest.bytes, limits, deadline },
    passes: guest.passes ?? (() => false),
    end(decision) {
      clearTimeout(timer);
      stopWatching();
      line.remove(waiting);
      resolve(decision);
    },
  };
  const giveUp = (): void => waiting.end(denyTurn(state, limits));
  const timer = limits.waitMs === 0 ? undefined : setTimeout(giveUp, limits.waitMs);
  const stopWatching = guest.onLeave(giveUp);
  line.add(waiting);
}

/** Lets in as many of the line as the limits allow, one after the other. */
async function serve(state: TeamState, team: string): Promise<void> {
  state.isDue = true;
  if (state.isServing) return;
  state.isServing = true;
  while (state.isDue) {
    state.isDue = false;
    for (let next = state.line.first(); next !== undefined; next = state.line.first()) {
      if (!(await serveFirst(state, team, next))) break;
    }
  }
  state.isServing = false;
}

/** @returns whether the next may be looked at */
async function serveFirst(state: TeamState, team: string, first: Waiting): Promise<boolean> {
  const { limits } = first;
  if (state.underWay >= limits.concurrent) {
    if (limits.waitMs > 0) return false;
    first.end(denyConcurrent(limits));
    return true;
  }
  const lease = openLease(state, () => void serve(state, team));
  const waitMs = await consume(state.rate, team).catch((error: unknown) => {
    lease[Symbol.dispose]();
    first.end(deny('internal_error', { internal: String(error) }));
  });
  if (waitMs === undefined) return true;
  if (waitMs === 0 || first.passes(denyRate(limits, waitMs))) {
    first.end(allow(lease));
    return true;
  }
  state.underWay -= 1;
  if (performance.now() + waitMs > first.deadline) {
    first.end(denyRate(limits, waitMs));
    return true;
  }
  clearTimeout(state.timer);
  state.timer = setTimeout(() => void serve(state, team), waitMs);
  return false;
}

/** Of a push whose time to wait is over, or whose client has left. */
function denyTurn({ underWay }: TeamState, limits: TeamLimits): Deny {
  return underWay >= limits.concurrent
    ? denyConcurrent(limits)
    : denyRate(limits, limits.rate.perMs / limits.rate.count);
}

function denyCrowd(limits: TeamLimits, state: TeamState): Deny {
  const refusal = denyTurn(state, limits);
  return { ...refusal, detail: `${refusal.detail}, and ${state.line.length} wait already` };
}

function denyConcurrent({ concurrent }: TeamLimits): Deny {
  return deny('too_many_concurrent', {
    detail: `the team may have ${concurrent} pushes under way`,
    retryAfterSeconds: CONCURRENCY_RETRY_SECONDS,
  });
}

function denyRate({ rate: { count, perMs } }: TeamLimits, waitMs: number): Deny {
  return deny('rate_limited', {
    detail: `the team may push ${count} times in ${perMs / 1000} s`,
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
  });
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

function openLease(state: TeamState, onReturn: () => void): Lease {
  state.underWay += 1;
  return {
    [Symbol.dispose]: () => {
      state.underWay -= 1;
      if (state.line.length > 0) onReturn();
    },
  };
}
