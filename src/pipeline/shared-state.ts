import type { Decision } from '../core/decision.ts';
import type { Principal } from '../core/identity/principal.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { TeamLimits } from '../core/policy/limits.ts';

/**
 * What several gateways in front of the same Pushgateway keep together. Each port may be kept in
 * memory by a gateway that is alone, or remotely; each has a suite in `test/conformance`.
 */

export interface SharedState {
  readonly turnstile: Turnstile;
  /** @param limits - read at each call, so that a reload takes effect */
  failures(limits: () => FailureLimits): FailureThrottle;
  readonly sessions: SessionStore;
  /** Deleting groups for their age. */
  readonly janitor: WorkLock;
}

/** The pushes and deletes of all teams: how many are under way, and how many there were. */
export interface Turnstile {
  /** That of one team; always the same one. */
  team(name: string): TeamTurnstile;
}

export interface TeamTurnstile {
  /** Sources that this gateway gave places to. */
  readonly sources: number;
  /** Whether this gateway gave the source a place. */
  has(source: string): boolean;
  /**
   * Whether a source is known to find no place; other gateways may have places that this one does
   * not know of. A source of its own may have as many places as it leaves to the others.
   */
  isFull(source: string, concurrent: number): boolean;
  /**
   * Takes a place and one of the rate, both or neither. A place that is not given back comes free
   * when its gateway ends, however that does. Rejects when it cannot be known.
   */
  enter(turn: Turn): MaybePromise<Entry>;
}

/** A push or delete that wants to begin. */
export interface Turn {
  /** Empty for those that are not told apart. */
  readonly source: string;
  readonly limits: Pick<TeamLimits, 'rate' | 'burst' | 'concurrent'>;
  /** Takes a place alone: the rate is passed over. */
  readonly ignoresRate?: boolean;
}

export type Entry =
  | { readonly kind: 'entered'; leave(): void }
  /** There is no place; when to ask again, where nobody tells that one came free. */
  | { readonly kind: 'full'; readonly retryMs: number }
  /** The rate is spent for so long. */
  | { readonly kind: 'early'; readonly waitMs: number };

/** How many wrong passwords a pair may send in a time. */
export interface FailureLimits {
  readonly perMs: number;
  readonly limit: number;
}

/** Wrong passwords, per address and user name. */
export interface FailureThrottle {
  /**
   * Counts a failure before the password hash is started that may prove to be none: attempts that
   * are made all at once count as those made in turn. Ends in `too_many_failures`. Rejects when it
   * cannot be known.
   */
  begin(address: string, username: string): MaybePromise<Decision<PasswordAttempt>>;
}

/** A password hash that was counted as a failure when it was started. */
interface PasswordAttempt {
  /** Takes the failure back: the password was right, or nobody came to look at it. */
  forgive(): void;
}

/** Who is signed in to the page. */
export interface SessionStore {
  /** Undefined for one that ended, or was pushed out. */
  get(name: string): Promise<KeptSession | undefined>;
  /** Keeps a session until its end, or until its team or all have too many: the oldest goes first. */
  put(name: string, session: KeptSession): Promise<void>;
  /** Changes what a session says on its next page; nothing if it has ended. */
  note(name: string, notice: string | undefined): Promise<void>;
  delete(name: string): Promise<void>;
}

/** A session as it is kept: under a digest of its id, which nothing of it tells. */
export interface KeptSession {
  readonly principal: Principal;
  /** To be sent back with every form that changes something. */
  readonly csrf: string;
  /** Said once, on the next page. */
  readonly notice: string | undefined;
  /** What its credential was when it began. */
  readonly credential: string;
  /** Milliseconds since the epoch. */
  readonly ends: number;
  /** What it was begun with, sealed with the id, in base64; undefined where nothing is needed. */
  readonly sealed: string | undefined;
}

/** A work that one gateway at a time does. */
export interface WorkLock {
  /**
   * Waits until nobody else is at it, then works.
   * @param work - given a signal that is aborted when others may take it for over
   */
  hold<T>(work: (lost: AbortSignal) => Promise<T>): Promise<T>;
}

/** What gateways do to one store, in one order that is the same for all of them. */
export interface StoreLog {
  /**
   * Joins those who share the store. Rejects with ERR_STATE_UNAVAILABLE when that cannot be now.
   */
  join(): Promise<LogMembership>;
}

/** A gateway among those who share a store; disposing of it leaves them. */
export interface LogMembership extends AsyncDisposable {
  /** Its name among them; another one whenever it joins. */
  readonly member: string;
  /** Hands over what comes from now on, one entry after the other; the first is its own joining. */
  follow(follower: LogFollower): void;
  /** Rejects with ERR_STATE_UNAVAILABLE: then it may be in the log all the same, once. */
  append(data: Uint8Array): Promise<void>;
  /** Whether the others still count on it: when not, nothing may be sent for what it has claimed. */
  isCurrent(): boolean;
  /** Whether it can be expected that the next is appended, as far as the last ones tell. */
  isWritable(): boolean;
}

export interface LogFollower {
  /** The next one comes when it resolves. */
  take(entry: LogEntry): Promise<void>;
  /** Called once: nothing more comes, and the others may have ended what it had under way. */
  lost(): void;
}

export type LogEntry =
  /** With how many members there are from then on. */
  | { readonly kind: 'joined' | 'ended'; readonly member: string; readonly members: number }
  | { readonly kind: 'operation'; readonly member: string; readonly data: Uint8Array };
