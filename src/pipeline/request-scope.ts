/**
 * What a request holds until its end, given back in reverse order. A `DisposableStack` is the same
 * and costs each request calls out of compiled code.
 */
export class RequestScope implements Disposable {
  readonly #held: (Disposable | (() => void))[] = [];

  /** Takes something that is disposed of at the end. */
  use<T extends Disposable>(lease: T): T {
    this.#held.push(lease);
    return lease;
  }

  /** Takes what is called at the end. */
  defer(giveBack: () => void): void {
    this.#held.push(giveBack);
  }

  [Symbol.dispose](): void {
    const held = this.#held.pop();
    if (held === undefined) return;
    try {
      if (typeof held === 'function') held();
      else held[Symbol.dispose]();
    } finally {
      this[Symbol.dispose](); // whatever became of this one
    }
  }
}
