import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import { type IpAddress, renderNetwork, renderSource } from '../core/network/ip-address.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import { denyFor } from '../core/refusal.ts';
import type { Lease, TeamGuest, TeamLimiter } from '../pipeline/ports.ts';
import type { Entry, TeamTurnstile, Turnstile } from '../pipeline/shared-state.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

interface TeamState {
  readonly turnstile: TeamTurnstile;
  readonly line: WaitingLine<Waiting>;
  isServing: boolean;
  /** Whether a place came free while the line was served. */
  isDue: boolean;
  /** Whether there was no place the last time that somebody asked. */
  wasFull: boolean;
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
  /** @returns false when it has ended before */
  readonly end: (decision: Decision<Lease>) => boolean;
}

type Turn = Pick<Waiting, 'limits' | 'source'>;

interface TeamLimiterOptions {
  readonly turnstile: Turnstile;
  /** Pushes of one team that may wait; read at each call, so that a reload takes effect. */
  readonly maxWaiting: () => number;
}

/** The source of all who are not told apart: nothing is kept from them. */
const SHARED = '';
/** Seconds after which a team with too many pushes under way may try again. */
const CONCURRENCY_RETRY_SECONDS = 1;
/** Clients of one team that are told apart; what comes beyond is by its network. */
const MAX_SOURCES = 256;

/**
 * Limits each team's pushes and deletes: how many in a time, with a burst on top, and how many at
 * once. What is over a limit waits its turn, up to `limits.waitMs`, in the order of arrival; clients
 * that prove nothing take turns, and none of them has all places. What cannot come to its turn in
 * that time is refused at once. What waits is kept in memory; what is counted, by the turnstile: both
 * survive a reload.
 */
export function createTeamLimiter({ turnstile, maxWaiting }: TeamLimiterOptions): TeamLimiter {
  const states = new Map<string, TeamState>();
  const stateOf = (team: string): TeamState => {
    const known = states.get(team);
    if (known !== undefined) return known;
    const line = createWaitingLine<Waiting>(maxWaiting);
    const idle = { isServing: false, isDue: false, wasFull: false, timer: undefined };
    const state = { turnstile: turnstile.team(team), line, ...idle };
    states.set(team, state);
    return state;
  };
  return {
    enter(team, limits, guest) {
      const state = stateOf(team);
      const source = nameSource(state, guest.unproved);
      const turn = { limits, source };
      if (!isFree(state, turn)) return waitInLine(state, turn, guest);
      const entered = enterAtOnce(state, turn, guest);
      return andThen(entered, (decision) => decision ?? waitInLine(state, turn, guest));
    },
  };
}

/** Whether nobody is in the line, or would be. */
function isFree({ line, isServing, turnstile }: TeamState, { limits, source }: Turn): boolean {
  return line.length === 0 && !isServing && !turnstile.isFull(source, limits.concurrent);
}

/** Most pushes find a free place, and are spared a timer; undefined for one that is to wait. */
function enterAtOnce(
  state: TeamState,
  turn: Turn,
  { passes = passNothing }: TeamGuest,
): MaybePromise<Decision<Lease> | undefined> {
  return andThen(tryEnter(state, turn, passes), (entry) => {
    if ('effect' in entry) return entry;
    if (entry.kind === 'entered') return allow(new Place(state, entry));
    if (state.line.length > 0) void serve(state);
    const isTooLong = entry.kind === 'early' && entry.waitMs > turn.limits.waitMs;
    return isTooLong ? denyRate(turn.limits, entry.waitMs) : undefined;
  });
}

/** A refusal where nobody knows. */
function tryEnter(
  state: TeamState,
  { limits, source }: Turn,
  passes: (refusal: Deny) => boolean,
): MaybePromise<Entry | Deny> {
  const { turnstile } = state;
  const entered = andThen(turnstile.enter({ source, limits }), (entry) => {
    const isPassed = entry.kind === 'early' && passes(denyRate(limits, entry.waitMs));
    return isPassed ? turnstile.enter({ source, limits, ignoresRate: true }) : entry;
  });
  const noted = andThen(entered, (entry) => {
    state.wasFull = entry.kind === 'full';
    return entry;
  });
  return noted instanceof Promise ? noted.catch(denyFor) : noted;
}

function passNothing(): boolean {
  return false;
}

function nameSource({ line, turnstile }: TeamState, address: IpAddress | undefined): string {
  if (address === undefined) return SHARED;
  const source = renderSource(address);
  const isKnown = line.has(source) || turnstile.has(source);
  return isKnown || line.sources + turnstile.sources < MAX_SOURCES
    ? source
    : renderNetwork(address);
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

function waitInLine(state: TeamState, turn: Turn, guest: TeamGuest): MaybePromise<Decision<Lease>> {
  if (!makeRoom(state, turn.source, guest.bytes)) return denyCrowd(state, turn);
  const { promise, resolve } = Promise.withResolvers<Decision<Lease>>();
  joinLine(state, turn, guest, resolve);
  void serve(state);
  return promise;
}

function joinLine(
  state: TeamState,
  { limits, source }: Turn,
  guest: TeamGuest,
  resolve: (decision: Decision<Lease>) => void,
): void {
  const deadline = performance.now() + limits.waitMs;
  const { line } = state;
  let isOver = false;
  const waiting: Waiting = {
    ...{ bytes: guest.bytes, source, limits, deadline },
    passes: guest.passes ?? passNothing,
    end(decision) {
      if (isOver) return false;
      isOver = true;
      clearTimeout(timer);
      stopWatching();
      line.remove(waiting);
      resolve(decision);
      return true;
    },
  };
  const giveUp = (): void => void waiting.end(denyTurn(state, waiting));
  const timer = limits.waitMs === 0 ? undefined : setTimeout(giveUp, limits.waitMs);
  const stopWatching = guest.onLeave(giveUp);
  line.add(waiting);
}

/** Lets in as many of the line as the limits allow, one after the other. */
async function serve(state: TeamState): Promise<void> {
  state.isDue = true;
  if (state.isServing) return;
  state.isServing = true;
  while (state.isDue) {
    state.isDue = false;
    for (let next = findNext(state); next !== undefined; next = findNext(state)) {
      if (!(await serveFirst(state, next))) break;
    }
  }
  state.isServing = false;
}

/** Whose turn it is: who would have to wait for a place lets others go first, or is refused. */
function findNext({ line, turnstile }: TeamState): Waiting | undefined {
  return line.first(
    ({ source, limits }) => limits.waitMs === 0 || !turnstile.isFull(source, limits.concurrent),
  );
}

/** @returns whether the next may be looked at */
async function serveFirst(state: TeamState, first: Waiting): Promise<boolean> {
  const { limits, source } = first;
  const entry = await tryEnter(state, first, first.passes);
  if ('effect' in entry) {
    first.end(entry);
    return true;
  }
  if (entry.kind === 'entered') {
    state.line.serve(first);
    const lease = new Place(state, entry);
    if (!first.end(allow(lease))) lease[Symbol.dispose](); // its client has left meanwhile
    return true;
  }
  if (entry.kind === 'full' && limits.waitMs === 0) {
    first.end(denyConcurrent(limits, source));
    return true;
  }
  if (entry.kind === 'early' && performance.now() + entry.waitMs > first.deadline) {
    first.end(denyRate(limits, entry.waitMs));
    return true;
  }
  const waitMs = entry.kind === 'early' ? entry.waitMs : entry.retryMs;
  clearTimeout(state.timer);
  if (Number.isFinite(waitMs)) state.timer = setTimeout(() => void serve(state), waitMs);
  return false;
}

/** Of a push whose time to wait is over, or whose client has left. */
function denyTurn({ turnstile, wasFull }: TeamState, { limits, source }: Turn): Deny {
  return wasFull || turnstile.isFull(source, limits.concurrent)
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

type Entered = Extract<Entry, { kind: 'entered' }>;

/** A place; who waits is served when it is given back. */
class Place implements Lease {
  readonly #state: TeamState;
  readonly #entry: Entered;

  constructor(state: TeamState, entry: Entered) {
    this.#state = state;
    this.#entry = entry;
  }

  [Symbol.dispose](): void {
    this.#entry.leave();
    if (this.#state.line.length > 0) void serve(this.#state);
  }
}
