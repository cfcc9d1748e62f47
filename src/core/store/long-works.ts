import { finishInSlices, type Slices, type Steps } from '../steps.ts';
import type { GroupId } from './group.ts';

/**
 * Works on a model that would take too long for one turn of the event loop: they go on in slices,
 * one after the other, and nobody gets to see half of one. Until it ends nothing else changes its
 * group, and who would be refused meanwhile asks again behind it.
 */
export interface LongWorks {
  /** Begins a work on a group when those before it have ended. */
  begin<T>(group: GroupId, steps: Steps<T>): Promise<T>;
  /** The same before any that has not begun: it ends something, and others may wait for that. */
  end<T>(group: GroupId, steps: Steps<T>): Promise<T>;
  /** Does something short as soon as no long work is under way. */
  alone<T>(work: () => T): Promise<T>;
  isUnderWay(): boolean;
  /** Whether one is, on this group. */
  isOn(group: GroupId): boolean;
  /** Waits until none is on a group. */
  whenOff(group: GroupId): Promise<void>;
}

/** A work in the line. */
type Entry = () => Promise<void>;

/** Creates a line in which none is. */
export function createLongWorks(slices: Slices): LongWorks {
  const first: Entry[] = [];
  const others: Entry[] = [];
  let isRunning = false;
  let current: { readonly group: GroupId; readonly end: Promise<void> } | undefined;

  const runAll = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    for (;;) {
      const next = first.shift() ?? others.shift();
      if (next === undefined) break;
      await next();
    }
    isRunning = false;
  };
  const enter = <T>(line: Entry[], work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    line.push(() => work().then(resolve, reject));
    void runAll();
    return promise;
  };
  const run = async <T>(group: GroupId, steps: Steps<T>): Promise<T> => {
    const { promise: end, resolve } = Promise.withResolvers<void>();
    current = { group, end };
    try {
      return await finishInSlices(steps, slices);
    } finally {
      current = undefined;
      resolve();
    }
  };
  return {
    begin: (group, steps) => enter(others, () => run(group, steps)),
    end: (group, steps) => enter(first, () => run(group, steps)),
    alone: (work) => enter(first, async () => work()),
    isUnderWay: () => current !== undefined,
    isOn: (group) => current?.group === group,
    async whenOff(group) {
      while (current?.group === group) await current.end;
    },
  };
}
