/** One row says everything about something that is done again and again. */
export interface PeriodicWork {
  /** Label value of the metrics. */
  readonly name: string;
  /** Milliseconds from the end of one run to the beginning of the next; asked at each end. */
  readonly everyMs: number;
  /** Which part of the time its runs take at most: after a long one it waits longer. */
  readonly mostShare?: number;
  /** Whether it did what it is there for; a run that rejects did not. */
  readonly run: () => Promise<boolean>;
  /** Where its runs are counted. */
  readonly metric: WorkMetric;
}

/** Told of each run of a work when it has ended. */
type WorkMetric = (name: string, seconds: number, isDone: boolean) => void;

/** Does the work of every row until disposed. It keeps no process alive. */
export function startPeriodicWork(rows: readonly PeriodicWork[]): Disposable {
  const started = rows.map(repeat);
  return {
    [Symbol.dispose]() {
      for (const work of started) work[Symbol.dispose]();
    },
  };
}

function repeat(row: PeriodicWork): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = (tookMs: number): void => {
    const { everyMs, mostShare = 1 } = row;
    const pauseMs = Math.max(everyMs, tookMs / mostShare - tookMs);
    if (!isOver) timer = setTimeout(() => void work(), pauseMs).unref();
  };
  const work = async (): Promise<void> => {
    const beganAt = performance.now();
    const isDone = await row.run().catch(() => false);
    const tookMs = performance.now() - beganAt;
    row.metric(row.name, tookMs / 1000, isDone);
    wait(tookMs);
  };
  wait(0);
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
