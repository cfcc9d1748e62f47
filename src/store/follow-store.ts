import { setTimeout as delay } from 'node:timers/promises';
import { allow, type Decision } from '../core/decision.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim, GroupStore, StoreContents } from '../core/store/group-store.ts';
import type { StoreStatus } from '../core/store/store-status.ts';
import type { UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import { createClaimInTurn } from './claim-in-turn.ts';
import { createExpiryTime, type ExpiryTime } from './expiry-time.ts';
import type {
  ExpireGroup,
  ExpiryEnd,
  FollowedStore,
  FollowStoreOptions,
  StoreObserver,
} from './followed-store.ts';
import { createGroupRemovals } from './group-removals.ts';
import { createGroupTurns } from './group-turns.ts';
import { createLeftBehind } from './left-behind.ts';
import { createStampCheck, type StampCheck } from './stamp-check.ts';
import { createStoreLooks, type StoreLooks } from './store-looks.ts';
import { createStoreReadings, type EndedReading, type StoreReadings } from './store-readings.ts';
import { tellChecks } from './tell-checks.ts';
import { denyUnknown, NO_PUSHGATEWAY, type UpstreamState } from './upstream-state.ts';

/** What every push hears while nothing is to be waited for. */
const KNOWN = allow(undefined);

/** How long a store that others have had begin anew counts as known: pushes wait for longer. */
const ANEW_MS = 5000;

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
  readonly #looks: StoreLooks;
  readonly #readings: StoreReadings;
  readonly #clock: Clock;
  readonly #removals: Pick<FollowedStore, 'tidy' | 'expire'>;
  readonly #onDeleted: FollowStoreOptions['onDeleted'];
  #reader: StoreReader | undefined;
  #state: UpstreamState = 'unknown';
  #status: StoreStatus | undefined;
  #probing: Promise<boolean> | undefined;
  /** Connections that ended, and those since which it is known what answers. */
  #ends = 0;
  #endsSeen = 0;
  /** When others had it begin anew that was known. */
  #anewAt = Number.NEGATIVE_INFINITY;

  constructor(options: FollowStoreOptions) {
    const { store, others, clock, log, observer, onReading, onDeleted } = options;
    this.#model = store;
    this.#clock = clock;
    this.#onDeleted = onDeleted;
    this.#log = log;
    const turns = createGroupTurns(clock);
    const leftBehind = createLeftBehind();
    this.expiryTime = createExpiryTime(clock, log);
    this.#observer = observer;
    this.#stampCheck = createStampCheck(store, clock);
    const onRead = async ({ status, isFirst }: EndedReading): Promise<void> => {
      const startedAt = Date.parse(status.startTime);
      await onReading?.({ startedAt, isFirst, pushedAt: (id) => store.group(id)?.pushedAt });
    };
    this.#readings = createStoreReadings({ store, clock, log, observer, onRead });
    this.#looks = createStoreLooks({
      ...{ model: store, clock, log, observer },
      ...{ stampCheck: this.#stampCheck, readings: this.#readings, read: () => this.#read() },
    });
    this.#removals = createGroupRemovals({
      model: store,
      turns,
      leftBehind,
      isReady: () => this.isReady(),
      isLookedAt: () => this.#looks.isSeen(),
      readAnew: () => this.#readAnew(),
      renew: () => this.renew(),
      claimDelete: (id) => this.#claimDelete(id),
    });
    this.store = {
      ...store,
      claim: createClaimInTurn({
        model: store,
        turns,
        leftBehind,
        stampCheck: this.#stampCheck,
        mayBeStale: () => this.isReady() && this.#mayBeStale(),
        watchUpstream: () => this.#watchUpstream(),
        read: () => this.#read(),
        onCollision: (team) => observer.collided(team),
      }),
      claimDelete: (id) => this.#claimDelete(id),
    };
    others?.watch({
      pushed: (id) => this.#stampCheck.notePush(id),
      deleted: (id) => this.#stampCheck.noteDelete(id),
      begunAnew: () => void this.#beginAnew(),
    });
  }

  /** What was read of it is not in the model any more. */
  async #beginAnew(): Promise<void> {
    if (this.isReady()) this.#anewAt = this.#clock.monotonic();
    this.#readings.forget();
    await this.#readings.current(); // it comes to nothing
    await this.#probing; // it has read in vain
    await this.probe();
  }

  isReady(): boolean {
    return this.#state === 'read';
  }

  takesPushes(): boolean {
    if (this.#state !== 'unread') return this.isReady();
    return this.#clock.monotonic() - this.#anewAt < ANEW_MS;
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

  noteDisconnect(): void {
    this.#ends += 1;
  }

  #watchUpstream(): () => boolean {
    const seen = this.#endsSeen;
    return () => this.#ends === seen;
  }

  /** A probe that is under way may have asked what was there before. */
  async #recognize(): Promise<void> {
    await this.#probing;
    if (this.#ends !== this.#endsSeen) await this.probe();
  }

  whenKnown(waitMs: number): MaybePromise<Decision<undefined>> {
    if (this.#ends === this.#endsSeen && this.#isKnown()) return KNOWN;
    return this.#waitUntilKnown(waitMs);
  }

  async #waitUntilKnown(waitMs: number): Promise<Decision<undefined>> {
    if (this.#ends !== this.#endsSeen) await Promise.race([this.#recognize(), pause(waitMs)]);
    if (!this.#isKnown()) await Promise.race([this.probe(), pause(waitMs)]);
    if (this.#isKnown()) return allow(undefined);
    return denyUnknown(this.#state);
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
    const [reader, status] = [this.#reader, this.#status];
    if (this.#state !== 'read' || reader === undefined || status === undefined) return false;
    return await this.#looks.look(reader, status);
  }

  /**
   * Whether a push that is refused may not be, once the store was read again. What may change yet is
   * not read sooner: it would be taken for gone.
   */
  #mayBeStale(): boolean {
    if (!this.#readings.isFresh()) return true;
    return this.#model.doubt() === 'order' && this.#readings.isRested();
  }

  /** A store that is away now is known as it was, as long as it does not start anew. */
  #isKnown(): boolean {
    return this.#state === 'read' || this.isAwayButKnown();
  }

  async #probeOnce(): Promise<void> {
    const askedAt = this.#clock.monotonic();
    const ends = this.#ends;
    const found = await this.#reader?.status();
    const date = typeof found === 'object' ? found.date : undefined;
    this.expiryTime.look(date);
    this.#stampCheck.noteDate(date, askedAt);
    if (found === undefined || found === 'not_ready') {
      this.#become('away', { answer: found ?? 'none' });
    } else if (found === 'no_pushgateway') {
      this.#become('no_pushgateway', NO_PUSHGATEWAY);
    } else {
      if (this.#status?.startTime !== found.startTime) tellChecks(found, this.#log);
      this.#status = found;
      this.#become(this.#readings.isOf(found) ? 'read' : 'unread');
      this.#endsSeen = ends;
    }
    this.#observer.probed(this.#state === 'read' || this.#state === 'unread');
    if (this.#state === 'unread') await this.#read();
  }

  async #read(): Promise<boolean> {
    const status = this.#status;
    if (this.#reader === undefined || status === undefined) return false;
    const isShared = this.#readings.current() !== undefined;
    const beganAt = this.#clock.monotonic();
    const noteRead = this.#stampCheck.beginReading();
    const isRead = await this.#readings.read(this.#reader, status);
    if (isRead && !isShared) {
      this.#looks.noteSeen(beganAt);
      noteRead();
    }
    if (isRead && this.#state === 'unread' && this.#readings.isOf(status)) this.#become('read');
    return isRead;
  }

  /** A reading that is under way may have begun before somebody else pushed. */
  async #readAnew(): Promise<boolean> {
    await this.#readings.current();
    return await this.#read();
  }

  #become(next: UpstreamState, fields: object = {}): void {
    const before = this.#state;
    if (next === before) return;
    this.#state = next;
    if (next === 'away') this.#log.warn('upstream_away', fields);
    else if (next === 'no_pushgateway') this.#log.error('upstream_no_pushgateway', fields);
    else if (before === 'away' || before === 'no_pushgateway') this.#log.info('upstream_back');
  }

  tidy(id: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean> {
    return this.#removals.tidy(id, remove);
  }

  expire(id: GroupId, steps: ExpireGroup): Promise<ExpiryEnd> {
    return this.#removals.expire(id, steps);
  }

  async renew(): Promise<boolean> {
    await this.probe();
    await this.#readings.current();
    return this.isReady() && (await this.#read()) && this.isReady();
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

/** Keeps no process alive. */
async function pause(ms: number): Promise<false> {
  return await delay(ms, false, { ref: false });
}
