/** One row says everything about something that is done again and again. */
export interface PeriodicWork {
  readonly name: string;
  /** Milliseconds from the end of one run to the beginning of the next. */
  readonly everyMs: number;
  /** Never rejects. */
  readonly run: () => Promise<void>;
}

/** Does the work of every row until disposed. It keeps no process alive. */
export function startPeriodicWork(rows: readonly PeriodicWork[]): Disposable {
  const started = rows.map(repeat);
  return {
    [Symbol.dispose]() {
      for (const work of started) work[Symbol.dispose]();
    },
  };
}

function repeat({ run, everyMs }: PeriodicWork): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = (): void => {
    if (!isOver) timer = setTimeout(work, everyMs).unref();
  };
  const work = (): void => void run().then(wait);
  wait();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
