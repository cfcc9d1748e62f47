import { setImmediate as pause } from 'node:timers/promises';
import type { GroupId, StoredGroup } from '../core/store/group.ts';
import type { GroupStore, PushEnd } from '../core/store/group-store.ts';
import type { GroupStamps, StampChanges } from '../core/store/stamp-memory.ts';
import { createUpstreamClock } from '../core/store/upstream-clock.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Holds the time stamps of scrapes against the model, to see whether somebody else changes it. */
export interface StampCheck {
  /** Begins with a look. */
  begin(): StampComparison;
  /**
   * Begins with a reading of the store.
   * @returns what is to be called once the model is what was read
   */
  beginReading(): () => void;
  /**
   * Notes that a push through the gateway begins.
   * @returns what is to be called once, when it ends
   */
  notePush(id: GroupId): (end: PushEnd) => void;
  /** Notes what the upstream's clock has shown in an answer to what was asked at that moment. */
  noteDate(date: number | undefined, askedAt: number): void;
  /** Notes that a group was deleted through the gateway. */
  noteDelete(id: GroupId): void;
}

interface StampComparison {
  add(changes: StampChanges): void;
  /**
   * To be called once the scrape has come to its end and what was under way meanwhile is in the model.
   * Others go on in the middle of it.
   * @returns whether something is different that no push or delete through the gateway explains,
   * and that no reading since has seen
   */
  end(): Promise<boolean>;
}

/**
 * Creates the check of one store. The time of a push is Pushgateway's and not exactly the one that
 * the model has, so the stamps that come after a push of ours are taken for its own unless they are
 * later than its end was by Pushgateway's clock, and any others after those for somebody else's.
 */
export function createStampCheck(
  store: Pick<GroupStore, 'group' | 'size'>,
  clock: Pick<Clock, 'monotonic'>,
): StampCheck {
  return new Check(store, clock);
}

/**
 * An unchecked Pushgateway answers a push or delete before it has done it, and does none while it
 * makes up a scrape: within this time before a scrape, and during it, either may show in the next one
 * only.
 */
const DONE_MS = 2000;

/** Parts of what has changed from which the upstream's clock is learnt: more of them say no more. */
const LEARNT_FROM = 10;
/** Groups that are looked at before others go on. */
const AT_ONCE = 100;

/** Pushes through the gateway to one group since the last scrape, or too short before. */
interface Pushes {
  /** When one has last begun or ended. All times are of the monotonic clock. */
  at: number;
  underWay: number;
  /** When the last one that was stored had begun; minus infinity if none was. */
  storedFrom: number;
  /** When the last one ended that may have left its time; infinite if it may come to leave it yet. */
  endedAt: number;
}

class Check implements StampCheck {
  readonly #store: Pick<GroupStore, 'group' | 'size'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Groups of the last scrape that was looked at. */
  readonly #seen = new Set<GroupId>();
  readonly #pushed = new Map<GroupId, Pushes>();
  /** Deleted since the last scrape, or too short before; when, on the monotonic clock. */
  readonly #deleted = new Map<GroupId, number>();
  readonly #upstreamClock = createUpstreamClock();
  #looks = 0;
  /** The last look that found something different; undefined once that was read. */
  #differentAt: number | undefined;

  constructor(store: Pick<GroupStore, 'group' | 'size'>, clock: Pick<Clock, 'monotonic'>) {
    this.#store = store;
    this.#clock = clock;
  }

  begin(): StampComparison {
    const begunAt = this.#clock.monotonic();
    const parts: StampChanges[] = [];
    return {
      add: (changes) => void parts.push(changes),
      end: async () => {
        this.#looks += 1;
        if (parts[0]?.isWhole) this.#seen.clear();
        const doneAt = begunAt - DONE_MS;
        for (const { changed } of parts.slice(0, LEARNT_FROM)) this.#learnTimes(changed, doneAt);
        const isExplained = await this.#takeAll(parts);
        const isDone = await this.#forgetBefore(doneAt);
        if (!isExplained || !isDone || this.#hasOthers()) this.#differentAt = this.#looks;
        return this.#differentAt !== undefined;
      },
    };
  }

  beginReading(): () => void {
    const seen = this.#looks;
    return () => {
      if ((this.#differentAt ?? 0) <= seen) this.#differentAt = undefined;
    };
  }

  notePush(id: GroupId): (end: PushEnd) => void {
    const begunAt = this.#clock.monotonic();
    const pushes = this.#pushesTo(id, begunAt);
    pushes.underWay += 1;
    return (end) => {
      const now = this.#clock.monotonic();
      pushes.at = now;
      pushes.underWay -= 1;
      if (end === 'stored') pushes.storedFrom = Math.max(pushes.storedFrom, begunAt);
      pushes.endedAt = Math.max(pushes.endedAt, end === 'unknown' ? Number.POSITIVE_INFINITY : now);
    };
  }

  noteDate(date: number | undefined, askedAt: number): void {
    if (date !== undefined) this.#upstreamClock.noteDate(date, askedAt, this.#clock.monotonic());
  }

  noteDelete(id: GroupId): void {
    this.#deleted.set(id, this.#clock.monotonic());
  }

  #pushesTo(id: GroupId, at: number): Pushes {
    const known = this.#pushed.get(id);
    if (known !== undefined) {
      known.at = at;
      return known;
    }
    const first = { at, underWay: 0, storedFrom: Number.NEGATIVE_INFINITY, endedAt: at };
    this.#pushed.set(id, first);
    return first;
  }

  /** A group cannot have an earlier time than the beginning of a push that was done before. */
  #learnTimes(changed: readonly GroupStamps[], doneAt: number): void {
    for (const { id, pushedAt } of changed) {
      const pushes = this.#pushed.get(id);
      if (pushes === undefined || pushes.at >= doneAt || !Number.isFinite(pushes.storedFrom))
        continue;
      this.#upstreamClock.noteTime(pushedAt, pushes.storedFrom);
    }
  }

  /** Takes what has changed, part by part; whether all of it is explained. */
  async #takeAll(parts: readonly StampChanges[]): Promise<boolean> {
    let isExplained = true;
    for (const changes of parts) {
      isExplained = this.#take(changes) && isExplained;
      await pause();
    }
    return isExplained;
  }

  #take({ changed, gone }: StampChanges): boolean {
    let isExplained = true;
    for (const stamps of changed) {
      const group = this.#store.group(stamps.id);
      this.#seen.add(group?.id ?? stamps.id); // the text that the model has already
      isExplained = this.#isExplained(group, stamps) && isExplained;
    }
    for (const id of gone) {
      this.#seen.delete(id);
      isExplained &&= this.#pushed.has(id) || !this.#isHeld(id);
    }
    return isExplained;
  }

  #isExplained(group: StoredGroup | undefined, stamps: GroupStamps): boolean {
    if (group === undefined) return this.#deleted.has(stamps.id);
    const { id, pushedAt = 0, failedAt = 0 } = group;
    if (stamps.pushedAt === pushedAt && stamps.failedAt === failedAt) return true;
    const pushes = this.#pushed.get(id);
    if (pushes === undefined || pushes.underWay > 0) return pushes !== undefined;
    const latest = this.#upstreamClock.latest(pushes.endedAt);
    return Math.max(stamps.pushedAt, stamps.failedAt) <= latest;
  }

  #isHeld(id: GroupId): boolean {
    return this.#store.group(id) !== undefined;
  }

  /** Forgets what must have been done before the scrape; whether the scrape shows that it was. */
  async #forgetBefore(time: number): Promise<boolean> {
    let isDone = true;
    let looked = 0;
    for (const [id, pushes] of this.#pushed) {
      looked += 1;
      if (looked % AT_ONCE === 0) await pause();
      if (pushes.at >= time) continue;
      if (pushes.underWay === 0) this.#pushed.delete(id);
      isDone &&= this.#seen.has(id) || !this.#isHeld(id);
    }
    for (const [id, at] of this.#deleted) {
      if (at >= time) continue;
      this.#deleted.delete(id);
      isDone &&= this.#isHeld(id) || !this.#seen.has(id);
    }
    return isDone;
  }

  /**
   * Whether the model has groups that the scrape did not have, or the other way round. Counted and
   * not searched for: only what was pushed or deleted around the scrape is looked at one by one.
   */
  #hasOthers(): boolean {
    let expected = this.#seen.size;
    for (const id of this.#deleted.keys()) {
      if (this.#seen.has(id) && !this.#isHeld(id)) expected -= 1;
    }
    for (const id of this.#pushed.keys()) {
      if (!this.#seen.has(id) && this.#isHeld(id)) expected += 1;
    }
    return this.#store.size() !== expected;
  }
}
