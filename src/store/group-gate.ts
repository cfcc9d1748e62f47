import { setTimeout as delay } from 'node:timers/promises';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { GroupId } from '../core/store/group.ts';

/** Keeps what is pushed to groups and deleted from them apart from what moves them elsewhere. */
export interface GroupGate {
  /**
   * Waits while the group is held; who is in is disposed of at its end.
   * @returns undefined when that takes longer
   */
  enter(id: GroupId, waitMs: number): MaybePromise<Disposable | undefined>;
  /**
   * Holds a group once all have left who are in; who comes from now on waits.
   * @returns undefined when that takes longer, or somebody else holds it: nobody waits for it then
   */
  hold(id: GroupId, waitMs: number): Promise<Disposable | undefined>;
}

interface Hold {
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  /** Called when nobody is in any more. */
  readonly whenLeft: () => void;
}

export function createGroupGate(): GroupGate {
  const inside = new Map<GroupId, number>();
  const holds = new Map<GroupId, Hold>();

  const leave = (id: GroupId): void => {
    const left = (inside.get(id) ?? 1) - 1;
    if (left > 0) {
      inside.set(id, left);
      return;
    }
    inside.delete(id);
    holds.get(id)?.whenLeft();
  };

  const enter = (id: GroupId): Disposable => {
    inside.set(id, (inside.get(id) ?? 0) + 1);
    return new Ending(() => leave(id));
  };

  const enterLater = async (id: GroupId, waitMs: number): Promise<Disposable | undefined> => {
    while (holds.has(id)) {
      if (!(await waitFor(() => holds.get(id)?.ended, waitMs))) return undefined;
    }
    return enter(id);
  };

  return {
    enter: (id, waitMs) => (holds.has(id) ? enterLater(id, waitMs) : enter(id)),
    async hold(id, waitMs) {
      if (holds.has(id)) return undefined;
      const left = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      holds.set(id, { ended: over.promise, whenLeft: left.resolve });
      const end = new Ending(() => {
        holds.delete(id);
        over.resolve();
      });
      if (!inside.has(id)) left.resolve();
      if (await waitFor(() => (inside.has(id) ? left.promise : undefined), waitMs)) return end;
      end[Symbol.dispose]();
      return undefined;
    },
  };
}

/** Whether there is nothing left to wait for, in time. */
async function waitFor(next: () => Promise<void> | undefined, waitMs: number): Promise<boolean> {
  const late = new AbortController();
  const timer = delay(waitMs, 'late', { ref: false, signal: late.signal }).catch(() => 'late');
  try {
    for (let wait = next(); wait !== undefined; wait = next()) {
      if ((await Promise.race([wait, timer])) === 'late') return false;
    }
    return true;
  } finally {
    late.abort();
  }
}

/** Does its work once. A class, and that in its prototype: every push makes one. */
class Ending implements Disposable {
  #work: (() => void) | undefined;

  constructor(work: () => void) {
    this.#work = work;
  }

  [Symbol.dispose](): void {
    const work = this.#work;
    this.#work = undefined;
    work?.();
  }
}
