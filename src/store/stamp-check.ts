import type { GroupId } from '../core/store/group.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { GroupStamps, StampChanges } from '../core/store/stamp-memory.ts';
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
  /** Notes a push through the gateway, when it begins and when it ends. */
  notePush(id: GroupId): void;
  /** Notes that a group was deleted through the gateway. */
  noteDelete(id: GroupId): void;
}

interface StampComparison {
  add(changes: StampChanges): void;
  /**
   * To be called once the scrape has come to its end and what was under way meanwhile is in the model.
   * @returns whether something is different that no push or delete through the gateway explains,
   * and that no reading since has seen
   */
  end(): boolean;
}

/**
 * Creates the check of one store. The time of a push is Pushgateway's and not exactly the one that
 * the model has, so the stamps that come after a push of ours are taken for its own, and any others
 * after those for somebody else's.
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

class Check implements StampCheck {
  readonly #store: Pick<GroupStore, 'group' | 'size'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Groups of the last scrape that was looked at. */
  readonly #seen = new Set<GroupId>();
  /** Pushed to and deleted since the last scrape, or too short before; when, on the monotonic clock. */
  readonly #pushed = new Map<GroupId, number>();
  readonly #deleted = new Map<GroupId, number>();
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
      end: () => {
        this.#looks += 1;
        if (parts[0]?.isWhole) this.#seen.clear();
        const isExplained = parts.map((changes) => this.#take(changes)).every((isAll) => isAll);
        const isDone = this.#forgetBefore(begunAt - DONE_MS);
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

  notePush(id: GroupId): void {
    this.#pushed.set(id, this.#clock.monotonic());
  }

  noteDelete(id: GroupId): void {
    this.#deleted.set(id, this.#clock.monotonic());
  }

  /** Takes a part of what has changed; whether all of it is explained. */
  #take({ changed, gone }: StampChanges): boolean {
    for (const id of gone) this.#seen.delete(id);
    // the text that the model has already
    for (const { id } of changed) this.#seen.add(this.#store.group(id)?.id ?? id);
    const isGone = (id: GroupId): boolean => this.#pushed.has(id) || !this.#isHeld(id);
    return changed.every((stamps) => this.#isExplained(stamps)) && gone.every(isGone);
  }

  #isExplained({ id, ...stamps }: GroupStamps): boolean {
    const group = this.#store.group(id);
    if (group === undefined) return this.#deleted.has(id);
    const { pushedAt = 0, failedAt = 0 } = group;
    return this.#pushed.has(id) || (stamps.pushedAt === pushedAt && stamps.failedAt === failedAt);
  }

  #isHeld(id: GroupId): boolean {
    return this.#store.group(id) !== undefined;
  }

  /** Forgets what must have been done before the scrape; whether the scrape shows that it was. */
  #forgetBefore(time: number): boolean {
    let isDone = true;
    for (const [id, at] of this.#pushed) {
      if (at >= time) continue;
      this.#pushed.delete(id);
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
