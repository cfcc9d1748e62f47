/** Something that has to be over at a time. */
interface Due {
  /** On the monotonic clock of `performance.now`, milliseconds. */
  readonly deadline: number;
  readonly onPassed: () => void;
}

/**
 * Deadlines of much that is mostly over long before: one timer for all of them, armed for the first
 * and looked at again when that has passed. A timer for each costs more than to keep them.
 */
export class Deadlines {
  readonly #pending = new Set<Due>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer ends. */
  #armedFor = Number.POSITIVE_INFINITY;

  /**
   * Calls back once at the deadline, never before this returns.
   * @returns what takes the wish back
   */
  add(deadline: number, onPassed: () => void): () => void {
    const due = { deadline, onPassed };
    this.#pending.add(due);
    if (deadline < this.#armedFor) this.#arm(deadline);
    return () => this.#pending.delete(due);
  }

  #arm(deadline: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const waitMs = Math.max(0, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => this.#look(), waitMs);
    // what waits for its end keeps the process alive by its connection
    this.#timer.unref();
  }

  #look(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const due of this.#pending) {
      if (due.deadline <= now) {
        this.#pending.delete(due);
        due.onPassed();
      } else next = Math.min(next, due.deadline);
    }
    if (next < this.#armedFor) this.#arm(next);
  }
}
