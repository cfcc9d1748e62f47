/**
 * Runs a task again and again, each time `intervalMs` after it has ended, until disposed. It keeps
 * no process alive.
 * @param task - never rejects
 */
export function repeat(task: () => Promise<void>, intervalMs: number): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = (): void => {
    if (!isOver) timer = setTimeout(run, intervalMs).unref();
  };
  const run = (): void => void task().then(wait);
  wait();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
