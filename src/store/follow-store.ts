import { setTimeout as delay } from 'node:timers/promises';
import { allow, type Decision, deny } from '../core/decision.ts';
import type { Reason } from '../core/reason.ts';
import type { GroupId, StoredGroup } from '../core/store/group.ts';
import type {
  GroupClaim,
  GroupPush,
  GroupStore,
  StoreContents,
} from '../core/store/group-store.ts';
import type { StoreStatus } from '../core/store/store-status.ts';
import { judgeOutcome, type UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { Clock, OperationalLog, StoreReader } from '../pipeline/ports.ts';
import { createExpiryTime, type ExpiryTime } from './expiry-time.ts';
import { createGroupTurns, type GroupTurns } from './group-turns.ts';
import { createLeftBehind } from './left-behind.ts';
import { createScrapeWatch, type ScrapeWatch } from './scrape-watch.ts';
import { createStampCheck, type StampCheck } from './stamp-check.ts';
import { createStoreReadings, type EndedReading, type StoreReadings } from './store-readings.ts';

/** A store that is kept true to what Pushgateway holds. Nothing else reads it. */
export interface FollowedStore {
  /** Before it refuses a push for what it knows, it makes sure that this is still so. */
  readonly store: GroupStore;
  /** Whether a push could be taken: the upstream is there, and what it holds is known. */
  isReady(): boolean;
  /** Whether it is away, and what it held then is known. */
  isAwayButKnown(): boolean;
  /** Takes what is given for what an upstream holds that is away, until that can be read. */
  suppose(contents: StoreContents): Promise<void>;
  /**
   * Waits for the first reading. Ends in `overloaded` when that takes longer, in
   * `upstream_unreachable` or `upstream_invalid` when there is nothing to read.
   */
  whenKnown(waitMs: number): Promise<Decision<undefined>>;
  /**
   * Sees whether the upstream is there and still the one that was read. Never rejects.
   * @returns whether it is there, and what it holds is known
   */
  probe(): Promise<boolean>;
  /**
   * Scrapes it, and sees whether somebody else has changed it. Never rejects.
   * @returns whether there was anything to compare with
   */
  poll(): Promise<boolean>;
  /** Hears what came of a push: an upstream that could not be reached is away from that moment. */
  noteOutcome(outcome: UpstreamOutcome): void;
  /** @see `Upstream.tidy` */
  tidy(id: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean>;
  /**
   * Looks anew at the upstream and reads it whole, so that what is deleted is known as it is now.
   * @returns false when that cannot be
   */
  renew(): Promise<boolean>;
  /** Deletes one group for its age. */
  expire(id: GroupId, steps: ExpireGroup): Promise<ExpiryEnd>;
  /** By which groups grow old. */
  readonly expiryTime: Pick<ExpiryTime, 'now'>;
  /** By which it is read now. */
  reader(): StoreReader | undefined;
  /** Goes on over another way to the same Pushgateway. */
  readBy(reader: StoreReader): void;
}

/** How one group is deleted for its age; no push to it is under way or begins meanwhile. */
interface ExpireGroup {
  /** Looks at it right before. */
  readonly isDue: (group: StoredGroup) => boolean;
  /** Writes down what will be deleted; nothing is when it rejects. */
  readonly announce: (group: StoredGroup) => Promise<void>;
  readonly remove: () => Promise<UpstreamOutcome>;
}

/**
 * `kept`: it is not due, or in use, and nothing was written down; `away`: the upstream is, or cannot
 * be read; `called_off`: after it was written down it was not to be deleted any more.
 */
export type ExpiryEnd =
  | { readonly kind: 'kept' | 'away' | 'called_off' }
  | { readonly kind: 'sent'; readonly outcome: UpstreamOutcome };

export interface FollowStoreOptions {
  readonly store: GroupStore;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly observer: StoreObserver;
  /** Told of what was read before anybody uses it. */
  readonly onReading?: (reading: WholeReading) => Promise<void>;
  /** Told of every group that was deleted through the gateway, or may have been. */
  readonly onDeleted?: (id: GroupId) => Promise<void>;
}

/** A reading of the whole store. */
interface WholeReading {
  /** When the upstream had started, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Whether it is the first of this start. */
  readonly isFirst: boolean;
  /** When a group was last pushed; undefined if it is not there, or never was. */
  pushedAt(group: GroupId): number | undefined;
}

/** What the metrics are told. */
export interface StoreObserver {
  probed(isUp: boolean): void;
  read(outcome: 'read' | 'failed'): void;
  changedByOthers(groups: number): void;
  scraped(isBroken: boolean): void;
}

/** What is known of the upstream. */
type State = 'unknown' | 'away' | 'no_pushgateway' | 'unread' | 'read';

/** After which a push that waits for another reading is refused for what is known. */
const REFRESH_WAIT_MS = 10_000;
/** In which pushes that were under way during a scrape have come into the model. */
const SETTLE_MS = 500;

/**
 * Before a group is deleted for its age the store is read again if it was not seen for so long:
 * somebody else may have pushed past the gateway. The regular look comes more often.
 */
const LOOKED_AT_MS = 20_000;

/** Reasons that another reading may take away. */
const READ_BEFORE: ReadonlySet<Reason> = new Set([
  'inconsistent',
  'body_invalid',
  'group_quota_exceeded',
  'series_quota_exceeded',
  'bytes_quota_exceeded',
]);

const NO_PUSHGATEWAY = {
  why: 'what answers at upstream.url is no Pushgateway: GET /api/v1/status says nothing of one',
};

/** Follows a store: one loop reads it, everything else is told. */
export function createFollowedStore(options: FollowStoreOptions): FollowedStore {
  return new Follower(options);
}

class Follower implements FollowedStore {
  readonly store: GroupStore;
  readonly expiryTime: ExpiryTime;
  readonly #model: GroupStore;
  readonly #log: OperationalLog;
  readonly #observer: StoreObserver;
  readonly #stampCheck: StampCheck;
  readonly #scrapeWatch: ScrapeWatch;
  readonly #readings: StoreReadings;
  readonly #leftBehind = createLeftBehind();
  readonly #clock: Clock;
  readonly #turns: GroupTurns;
  readonly #onDeleted: FollowStoreOptions['onDeleted'];
  #reader: StoreReader | undefined;
  #state: State = 'unknown';
  #status: StoreStatus | undefined;
  #probing: Promise<boolean> | undefined;
  /** When the model was last seen to be what the upstream holds, on the monotonic clock. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ store, clock, log, observer, onReading, onDeleted }: FollowStoreOptions) {
    this.#model = store;
    this.#clock = clock;
    this.#onDeleted = onDeleted;
    this.#log = log;
    this.#turns = createGroupTurns(clock);
    this.expiryTime = createExpiryTime(clock, log);
    this.#observer = observer;
    this.#stampCheck = createStampCheck(store, clock);
    this.#scrapeWatch = createScrapeWatch({ log, onScrape: observer.scraped });
    const onRead = async ({ status, isFirst }: EndedReading): Promise<void> => {
      this.#stampCheck.noteReading();
      const startedAt = Date.parse(status.startTime);
      await onReading?.({ startedAt, isFirst, pushedAt: (id) => store.group(id)?.pushedAt });
    };
    this.#readings = createStoreReadings({ store, clock, log, observer, onRead });
    this.store = {
      ...store,
      claim: (push) => this.#claimInTurn(push),
      claimDelete: (id) => this.#claimDelete(id),
    };
  }

  isReady(): boolean {
    return this.#state === 'read';
  }

  reader(): StoreReader | undefined {
    return this.#reader;
  }

  isAwayButKnown(): boolean {
    return this.#state === 'away' && this.#readings.hasRead();
  }

  async suppose(contents: StoreContents): Promise<void> {
    // A reading that is under way knows better.
    if (this.#state === 'away') await this.#readings.suppose(contents);
  }

  readBy(reader: StoreReader): void {
    this.#reader = reader;
  }

  async whenKnown(waitMs: number): Promise<Decision<undefined>> {
    if (!this.#isKnown()) await Promise.race([this.probe(), pause(waitMs)]);
    if (this.#isKnown()) return allow(undefined);
    switch (this.#state) {
      case 'no_pushgateway':
        return deny('upstream_invalid', { internal: NO_PUSHGATEWAY.why });
      case 'away':
        return deny('upstream_unreachable', { internal: 'it was not seen yet' });
      default:
        return deny('overloaded', 'what Pushgateway holds is being read');
    }
  }

  probe(): Promise<boolean> {
    this.#probing ??= this.#probeOnce()
      .then(() => this.isReady())
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }

  noteOutcome(outcome: UpstreamOutcome): void {
    if (outcome.kind !== 'failed' || outcome.reason !== 'upstream_unreachable') return;
    if (outcome.mayBeApplied) {
      void this.probe(); // a connection that broke tells less than one that was refused
    } else {
      this.#become('away', { answer: 'none' });
      this.#observer.probed(false);
    }
  }

  async poll(): Promise<boolean> {
    const reader = this.#reader;
    if (this.#state !== 'read' || reader === undefined) return false;
    const before = this.#model.familyNames();
    const comparison = this.#stampCheck.begin();
    const beganAt = this.#clock.monotonic();
    try {
      const scrape = await reader.scrape(comparison.add);
      const names = new Set(scrape.names);
      if (scrape.status === 200 && names.size > 0) {
        await pause(SETTLE_MS);
        const isWhole = this.#model.familyNames().isSubsetOf(names);
        if (comparison.differs() || !isWhole) await this.#read();
        else this.#lookedAt = Math.max(this.#lookedAt, beganAt);
      }
      // What was pushed or deleted meanwhile may be in the scrape or not.
      const expected = this.#model.familyNames().intersection(before);
      await this.#scrapeWatch.note(scrape, expected, reader);
      return scrape.status === 200;
    } catch {
      return false; // one that breaks off tells nothing; the next probe says what there is to say
    }
  }

  /** A store that is away now is known as it was, as long as it does not start anew. */
  #isKnown(): boolean {
    return this.#state === 'read' || this.isAwayButKnown();
  }

  async #probeOnce(): Promise<void> {
    const found = await this.#reader?.status();
    this.expiryTime.look(typeof found === 'object' ? found.date : undefined);
    if (found === undefined || found === 'not_ready') {
      this.#become('away', { answer: found ?? 'none' });
    } else if (found === 'no_pushgateway') {
      this.#become('no_pushgateway', NO_PUSHGATEWAY);
    } else {
      if (this.#status?.startTime !== found.startTime) tellChecks(found, this.#log);
      this.#status = found;
      this.#become(this.#readings.isOf(found) ? 'read' : 'unread');
    }
    this.#observer.probed(this.#state === 'read' || this.#state === 'unread');
    if (this.#state === 'unread') await this.#read();
  }

  async #read(): Promise<boolean> {
    const status = this.#status;
    if (this.#reader === undefined || status === undefined) return false;
    const isShared = this.#readings.current() !== undefined;
    const beganAt = this.#clock.monotonic();
    const isRead = await this.#readings.read(this.#reader, status);
    if (isRead && !isShared) this.#lookedAt = Math.max(this.#lookedAt, beganAt);
    if (isRead && this.#state === 'unread' && this.#readings.isOf(status)) this.#become('read');
    return isRead;
  }

  #become(next: State, fields: object = {}): void {
    const before = this.#state;
    if (next === before) return;
    this.#state = next;
    if (next === 'away') this.#log.warn('upstream_away', fields);
    else if (next === 'no_pushgateway') this.#log.error('upstream_no_pushgateway', fields);
    else if (before === 'away' || before === 'no_pushgateway') this.#log.info('upstream_back');
  }

  async tidy(id: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean> {
    if (!this.#leftBehind.take(id)) return false;
    return await this.#turns.remove(id, () => this.#tidy(id, remove));
  }

  /** Reads first: somebody else may have pushed to the group past the gateway. */
  async #tidy(id: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean> {
    await this.#readings.current(); // it may have begun before the push was refused
    if (!(await this.#read()) || this.#leftBehind.isAwaited(id)) return false;
    const group = this.#model.group(id);
    if (group === undefined || group.pushedAt !== undefined || group.families.length > 0)
      return false;
    const claim = await this.#claimDelete(id);
    const { end } = judgeOutcome('DELETE', await remove());
    await claim.settle(end);
    return end === 'stored';
  }

  async renew(): Promise<boolean> {
    await this.probe();
    await this.#readings.current(); // it may have begun before somebody else pushed
    return this.#state === 'read' && (await this.#read()) && this.#state === 'read';
  }

  async expire(id: GroupId, steps: ExpireGroup): Promise<ExpiryEnd> {
    if (this.#state !== 'read') return { kind: 'away' };
    const isLookedAt = this.#clock.monotonic() - this.#lookedAt < LOOKED_AT_MS;
    if (!isLookedAt && !(await this.renew())) return { kind: 'away' };
    if (this.#turns.isInUse(id)) return { kind: 'kept' };
    return await this.#turns.remove(id, () => this.#expire(id, steps));
  }

  async #expire(id: GroupId, { isDue, announce, remove }: ExpireGroup): Promise<ExpiryEnd> {
    const isStillDue = (): boolean => {
      const group = this.#model.group(id);
      return group !== undefined && isDue(group);
    };
    const group = this.#model.group(id);
    if (group === undefined || !isDue(group)) return { kind: 'kept' };
    await announce(group);
    if (this.#state !== 'read' || !isStillDue()) return { kind: 'called_off' };
    const claim = await this.#claimDelete(id);
    const outcome = await remove();
    await claim.settle(judgeOutcome('DELETE', outcome).end);
    return { kind: 'sent', outcome };
  }

  /** From its turn until it is settled, nothing else deletes the group. */
  async #claimInTurn(push: GroupPush): Promise<Decision<GroupClaim>> {
    const leave = await this.#turns.enterPush(push.target.canonical);
    try {
      const claim = this.#watchPush(push, await this.#claim(push), leave);
      if (claim.effect === 'deny') leave();
      return claim;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #claim(push: GroupPush): Promise<Decision<GroupClaim>> {
    const first = await this.#model.claim(push);
    if (first.effect === 'allow' || !READ_BEFORE.has(first.reason)) return first;
    if (this.#state !== 'read' || this.#readings.isFresh()) return first;
    const isRead = await Promise.race([this.#read(), pause(REFRESH_WAIT_MS)]);
    await this.#turns.whenLeft(push.target.canonical); // it may have begun meanwhile
    return isRead ? await this.#model.claim(push) : first;
  }

  #watchPush(
    { target }: GroupPush,
    claim: Decision<GroupClaim>,
    leave: () => void,
  ): Decision<GroupClaim> {
    if (claim.effect === 'deny') return claim;
    const { canonical: id } = target;
    let isOver = false;
    this.#stampCheck.notePush(id);
    this.#leftBehind.begin(id, this.#model.group(id) !== undefined);
    const settle: GroupClaim['settle'] = async (end) => {
      if (isOver) return;
      isOver = true;
      try {
        await claim.value.settle(end);
      } finally {
        if (end === 'unknown') this.#turns.noteUndecided(id);
        leave();
      }
      this.#stampCheck.notePush(id);
      this.#leftBehind.end(id, end);
    };
    return allow({ ...claim.value, settle });
  }

  async #claimDelete(id: GroupId): Promise<GroupClaim> {
    const claim = await this.#model.claimDelete(id);
    return {
      ...claim,
      settle: async (end) => {
        if (end === 'stored') this.#stampCheck.noteDelete(id);
        await claim.settle(end);
        if (end === 'stored' || end === 'unknown') await this.#onDeleted?.(id);
      },
    };
  }
}

function tellChecks({ checksConsistency }: StoreStatus, log: OperationalLog): void {
  if (!checksConsistency) return;
  log.info('upstream_checks_too', {
    why: 'Pushgateway goes through all that it stores at every push; the gateway has checked it',
    fix: 'start it with --push.disable-consistency-check, which is safe behind the gateway',
  });
}

/** Keeps no process alive. */
async function pause(ms: number): Promise<false> {
  return await delay(ms, false, { ref: false });
}
