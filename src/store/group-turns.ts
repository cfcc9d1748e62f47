import type { GroupId } from '../core/store/group.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Keeps pushes to a group and its removal by the gateway itself apart. */
export interface GroupTurns {
  /**
   * Enters a push to a group that nobody removes now; until it leaves nobody does.
   * @returns what ends this, to be called once
   */
  enterPush(id: GroupId): () => void;
  /** Whether a removal is under way: a push waits for it. */
  isRemoved(id: GroupId): boolean;
  /** Waits for a removal that is under way; what it ended in is for who removes. */
  whenLeft(id: GroupId): Promise<void>;
  /** Notes that nobody knows whether a push was stored, or will be. */
  noteUndecided(id: GroupId): void;
  /** Whether a push is under way or undecided, or a removal is under way. */
  isInUse(id: GroupId): boolean;
  /** Removes, after any other removal; pushes that come meanwhile wait. */
  remove<T>(id: GroupId, work: () => Promise<T>): Promise<T>;
}

/** A push whose answer never came may still be stored for so long. */
const UNDECIDED_MS = 600_000;

export function createGroupTurns(clock: Pick<Clock, 'monotonic'>): GroupTurns {
  const pushes = new Map<GroupId, { count: number }>();
  const removals = new Map<GroupId, Promise<unknown>>();
  /** Since when, the oldest first. */
  const undecided = new Map<GroupId, number>();

  const forgetOld = (): void => {
    for (const [id, since] of undecided) {
      if (clock.monotonic() - since < UNDECIDED_MS) return;
      undecided.delete(id);
    }
  };

  return {
    enterPush(id) {
      const others = pushes.get(id);
      const entered = others ?? { count: 0 };
      if (others === undefined) pushes.set(id, entered);
      entered.count += 1;
      return () => {
        entered.count -= 1;
        if (entered.count === 0) pushes.delete(id);
      };
    },
    isRemoved: (id) => removals.has(id),
    async whenLeft(id) {
      await removals.get(id)?.catch(() => undefined);
    },
    noteUndecided(id) {
      forgetOld();
      undecided.delete(id);
      undecided.set(id, clock.monotonic());
    },
    isInUse(id) {
      forgetOld();
      return pushes.has(id) || removals.has(id) || undecided.has(id);
    },
    remove(id, work) {
      const before = removals.get(id) ?? Promise.resolve();
      const removal = before
        .catch(() => undefined)
        .then(work)
        .finally(() => {
          if (removals.get(id) === removal) removals.delete(id);
        });
      removals.set(id, removal);
      return removal;
    },
  };
}
