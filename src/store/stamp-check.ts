import type { GroupId } from '../core/store/group.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { GroupStamps } from '../core/store/scrape-scanner.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Holds the time stamps of scrapes against the model, to see whether somebody else changes it. */
export interface StampCheck {
  /** Begins with a scrape. */
  begin(): StampComparison;
  /** Notes that the model now is what was read. */
  noteReading(): void;
  /** Notes a push through the gateway, when it begins and when it ends. */
  notePush(id: GroupId): void;
  /** Notes that a group was deleted through the gateway. */
  noteDelete(id: GroupId): void;
}

interface StampComparison {
  add(stamps: readonly GroupStamps[]): void;
  /** Whether something is different now that no push or delete through the gateway explains. */
  differs(): boolean;
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
 * An unchecked Pushgateway answers a push before it has done it, and does none while it makes up a
 * scrape: within this time before a scrape, and during it, a push may show in the next one only.
 */
const DONE_MS = 2000;

class Check implements StampCheck {
  readonly #store: Pick<GroupStore, 'group' | 'size'>;
  /** What groups were seen with after a push of ours. */
  readonly #accepted = new Map<GroupId, GroupStamps>();
  /** Pushed to since they were last seen, or too short before; and when, on the monotonic clock. */
  readonly #pushed = new Map<GroupId, number>();
  readonly #clock: Pick<Clock, 'monotonic'>;
  #begunAt = 0;
  /** Pushed to, and deleted, since the last scrape began. */
  #recent = new Set<GroupId>();
  #deleted = new Set<GroupId>();

  constructor(store: Pick<GroupStore, 'group' | 'size'>, clock: Pick<Clock, 'monotonic'>) {
    this.#store = store;
    this.#clock = clock;
  }

  begin(): StampComparison {
    this.#begunAt = this.#clock.monotonic();
    this.#recent = new Set();
    this.#deleted = new Set();
    const seen = new Set<GroupId>();
    const different: GroupStamps[] = [];
    return {
      add: (stamps) => {
        for (const one of stamps) {
          seen.add(one.id);
          if (!this.#isExplained(one)) different.push(one);
        }
      },
      // A push that was under way is in the model by now.
      differs: () => different.some((one) => !this.#isExplained(one)) || this.#lacks(seen),
    };
  }

  noteReading(): void {
    this.#accepted.clear();
  }

  notePush(id: GroupId): void {
    this.#pushed.set(id, this.#clock.monotonic());
    this.#recent.add(id);
  }

  noteDelete(id: GroupId): void {
    this.#deleted.add(id);
  }

  #isExplained(stamps: GroupStamps): boolean {
    const { id } = stamps;
    const group = this.#store.group(id);
    if (group === undefined) return this.#deleted.has(id);
    const { pushedAt = 0, failedAt = 0 } = group;
    if (stamps.pushedAt === pushedAt && stamps.failedAt === failedAt) return true;
    const at = this.#pushed.get(id);
    if (at !== undefined) {
      if (at < this.#begunAt - DONE_MS) this.#pushed.delete(id);
      this.#accepted.set(id, stamps);
      return true;
    }
    const before = this.#accepted.get(id);
    return before?.pushedAt === stamps.pushedAt && before.failedAt === stamps.failedAt;
  }

  /**
   * Whether the model has a group that the scrape did not have, though it is older than that. Counted
   * and not searched for: only what was pushed or deleted meanwhile is looked at one by one.
   */
  #lacks(seen: ReadonlySet<GroupId>): boolean {
    const isHeld = (id: GroupId): boolean => this.#store.group(id) !== undefined;
    let expected = seen.size;
    for (const id of this.#deleted) if (seen.has(id) && !isHeld(id)) expected -= 1;
    for (const id of this.#recent) if (!seen.has(id) && isHeld(id)) expected += 1;
    return this.#store.size() > expected;
  }
}
