/** Something that has to be over at a time. */
export interface Due {
  /** On the monotonic clock of `performance.now`, milliseconds. */
  readonly deadline: number;
  /** Called once when the deadline has passed, never before `add` returns. */
  onPassed(): void;
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

  add(due: Due): void {
    this.#pending.add(due);
    if (due.deadline < this.#armedFor) this.#arm(due.deadline);
  }

  /** For what is over before its deadline. */
  remove(due: Due): void {
    this.#pending.delete(due);
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
