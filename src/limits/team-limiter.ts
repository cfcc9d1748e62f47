import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import { type IpAddress, renderNetwork, renderSource } from '../core/network/ip-address.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { Lease, TeamGuest, TeamLimiter } from '../pipeline/ports.ts';
import { createPlaces, type Places, SHARED } from './places.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

interface TeamState {
  limits: TeamLimits;
  rate: BurstyRateLimiter;
  /** Those that began under other limits are among them. */
  readonly places: Places;
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
  readonly source: string;
  readonly limits: TeamLimits;
  readonly passes: (refusal: Deny) => boolean;
  /** Milliseconds of the monotonic clock at which it has waited long enough. */
  readonly deadline: number;
  readonly end: (decision: Decision<Lease>) => void;
}

type Turn = Pick<Waiting, 'limits' | 'source'>;
type SourcedGuest = TeamGuest & Pick<Waiting, 'source'>;

interface TeamLimiterOptions {
  /** Pushes of one team that may wait; read at each call, so that a reload takes effect. */
  readonly maxWaiting: () => number;
}

/** Seconds after which a team with too many pushes under way may try again. */
const CONCURRENCY_RETRY_SECONDS = 1;
const BURST_WINDOW_SECONDS = 60;
/** Clients of one team that are told apart; what comes beyond is by its network. */
const MAX_SOURCES = 256;

/**
 * Limits each team's pushes and deletes: how many in a time, with a burst on top, and how many at
 * once. What is over a limit waits its turn, up to `limits.waitMs`, in the order of arrival; clients
 * that prove nothing take turns, and none of them has all places. What cannot come to its turn in
 * that time is refused at once. State is kept in memory and survives a
 * reload; the rate of a team whose rate or burst changed starts anew.
 */
export function createTeamLimiter({ maxWaiting }: TeamLimiterOptions): TeamLimiter {
  const states = new Map<string, TeamState>();
  const stateOf = (team: string, limits: TeamLimits): TeamState => {
    const known = states.get(team);
    if (known === undefined) {
      const line = createWaitingLine<Waiting>(maxWaiting);
      const rate = createRate(limits);
      const idle = { places: createPlaces(), isServing: false, isDue: false, timer: undefined };
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
      const source = nameSource(state, guest.unproved);
      if (isFree(state, { limits, source })) {
        const lease = await enterAtOnce(state, team, limits, { ...guest, source });
        if (lease !== undefined) return lease;
      }
      const { promise, resolve } = Promise.withResolvers<Decision<Lease>>();
      if (!makeRoom(state, source, guest.bytes)) return denyCrowd(state, { limits, source });
      joinLine(state, limits, { ...guest, source }, resolve);
      void serve(state, team);
      return await promise;
    },
  };
}

/** Whether nobody is in the line, or would be. */
function isFree({ line, isServing, places }: TeamState, { limits, source }: Turn): boolean {
  return line.length === 0 && !isServing && !places.isFull(source, limits.concurrent);
}

/** Most pushes find a free place, and are spared a timer; undefined for one that is to wait. */
async function enterAtOnce(
  state: TeamState,
  team: string,
  limits: TeamLimits,
  guest: SourcedGuest,
): Promise<Decision<Lease> | undefined> {
  const lease = openLease(state, guest.source, () => void serve(state, team));
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

function nameSource({ line, places }: TeamState, address: IpAddress | undefined): string {
  if (address === undefined) return SHARED;
  const source = renderSource(address);
  const isKnown = line.has(source) || places.has(source);
  return isKnown || line.sources + places.sources < MAX_SOURCES ? source : renderNetwork(address);
}

/**
 * Where there is no room, the source that has most in the line loses its newest: never who is being
 * served, for he is the first of several.
 */
function makeRoom(state: TeamState, source: string, bytes: number): boolean {
  const { line } = state;
  while (!line.hasRoom(bytes)) {
    const newest = line.newestOfLongest(source);
    if (newest === undefined) return false;
    newest.end(denyCrowd(state, newest));
  }
  return true;
}

function joinLine(
  state: TeamState,
  limits: TeamLimits,
  guest: SourcedGuest,
  resolve: (decision: Decision<Lease>) => void,
): void {
  const deadline = performance.now() + limits.waitMs;
  const { line } = state;
  const waiting: Waiting = {
    ...{ bytes: guest.bytes, source: guest.source, limits, deadline },
    passes: guest.passes ?? (() => false),
    end(decision) {
      clearTimeout(timer);
      stopWatching();
      line.remove(waiting);
      resolve(decision);
    },
  };
  const giveUp = (): void => waiting.end(denyTurn(state, waiting));
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
    for (let next = findNext(state); next !== undefined; next = findNext(state)) {
      if (!(await serveFirst(state, team, next))) break;
    }
  }
  state.isServing = false;
}

/** Whose turn it is: who would have to wait for a place lets others go first, or is refused. */
function findNext({ line, places }: TeamState): Waiting | undefined {
  return line.first(
    ({ source, limits }) => limits.waitMs === 0 || !places.isFull(source, limits.concurrent),
  );
}

/** @returns whether the next may be looked at */
async function serveFirst(state: TeamState, team: string, first: Waiting): Promise<boolean> {
  const { limits, source } = first;
  if (state.places.isFull(source, limits.concurrent)) {
    first.end(denyConcurrent(limits, source));
    return true;
  }
  const lease = openLease(state, source, () => void serve(state, team));
  const waitMs = await consume(state.rate, team).catch((error: unknown) => {
    lease[Symbol.dispose]();
    first.end(deny('internal_error', { internal: String(error) }));
  });
  if (waitMs === undefined) return true;
  if (waitMs === 0 || first.passes(denyRate(limits, waitMs))) {
    state.line.serve(first);
    first.end(allow(lease));
    return true;
  }
  state.places.giveBack(source);
  if (performance.now() + waitMs > first.deadline) {
    first.end(denyRate(limits, waitMs));
    return true;
  }
  clearTimeout(state.timer);
  state.timer = setTimeout(() => void serve(state, team), waitMs);
  return false;
}

/** Of a push whose time to wait is over, or whose client has left. */
function denyTurn({ places }: TeamState, { limits, source }: Turn): Deny {
  return places.isFull(source, limits.concurrent)
    ? denyConcurrent(limits, source)
    : denyRate(limits, limits.rate.perMs / limits.rate.count);
}

function denyCrowd(state: TeamState, turn: Turn): Deny {
  const refusal = denyTurn(state, turn);
  return { ...refusal, detail: `${refusal.detail}, and ${state.line.length} wait already` };
}

function denyConcurrent({ concurrent }: TeamLimits, source: string): Deny {
  const all = `the team may have ${concurrent} pushes under way`;
  return deny('too_many_concurrent', {
    detail: source === SHARED ? all : `${all}, one client without a credential a part of them`,
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

function openLease(state: TeamState, source: string, onReturn: () => void): Lease {
  state.places.take(source);
  return {
    [Symbol.dispose]: () => {
      state.places.giveBack(source);
      if (state.line.length > 0) onReturn();
    },
  };
}
