/**
 * What a request holds until its end, given back in reverse order. A `DisposableStack` is the same
 * and costs each request calls out of compiled code.
 */
export class RequestScope implements Disposable {
  readonly #held: Disposable[] = [];

  /** Takes something that is disposed of at the end. */
  use<T extends Disposable>(lease: T): T {
    this.#held.push(lease);
    return lease;
  }

  [Symbol.dispose](): void {
    const held = this.#held.pop();
    if (held === undefined) return;
    try {
      held[Symbol.dispose]();
    } finally {
      this[Symbol.dispose](); // whatever became of this one
    }
  }
}
