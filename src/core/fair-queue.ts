/** Runs few tasks at once and lets the sources that they come from take turns. */
export interface FairQueue {
  /** Runs a task when it is its turn; `dropped`: there was no room for it to wait. */
  run<T>(source: string, task: () => Promise<T>): Promise<T | 'dropped'>;
}

interface FairQueueOptions {
  readonly parallel: number;
  /** Tasks that may wait, over all sources. */
  readonly maxWaiting: number;
}

/** A task that waits. */
interface Waiting {
  /** Never rejects. */
  start(): Promise<void>;
  drop(): void;
}

/**
 * Creates a queue that no source can fill for the others: each starts one task in its turn, and
 * where there is no room the source with the longest line loses its newest task.
 */
export function createFairQueue({ parallel, maxWaiting }: FairQueueOptions): FairQueue {
  // In the order of their turns.
  const lines = new Map<string, Waiting[]>();
  let waiting = 0;
  let running = 0;

  const startNext = (): void => {
    const [turn] = lines;
    if (turn === undefined || running >= parallel) return;
    const [source, line] = turn;
    const next = line.shift();
    lines.delete(source);
    if (line.length > 0) lines.set(source, line);
    waiting -= 1;
    running += 1;
    void next?.start().then(() => {
      running -= 1;
      startNext();
    });
  };

  const dropNewest = (): void => {
    const [source, line] = [...lines].reduce((a, b) => (b[1].length >= a[1].length ? b : a));
    line.pop()?.drop();
    if (line.length === 0) lines.delete(source);
    waiting -= 1;
  };

  return {
    run<T>(source: string, task: () => Promise<T>): Promise<T | 'dropped'> {
      const { promise, resolve, reject } = Promise.withResolvers<T | 'dropped'>();
      const entry = { start: () => task().then(resolve, reject), drop: () => resolve('dropped') };
      const line = lines.get(source);
      if (line === undefined) lines.set(source, [entry]);
      else line.push(entry);
      waiting += 1;
      startNext();
      if (waiting > maxWaiting) dropNewest();
      return promise;
    },
  };
}
