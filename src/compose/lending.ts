/** Something that is lent out, to any number at once. */
interface Lending<T> {
  /** Lends it once more; disposing of the loan gives it back. */
  lend(): T & Disposable;
  /** Resolves when nobody has it any more; to be called when it is lent to nobody else. */
  allBack(): Promise<void>;
}

/** Counts who has something, so that it is not closed under them. */
export function createLending<T extends object>(lent: T): Lending<T> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let loans = 0;
  let isEnding = false;
  const endIfBack = (): void => {
    if (isEnding && loans === 0) resolve();
  };
  // A class, and what is lent in its prototype: every request makes a loan, and copies nothing.
  class Loan {
    #isBack = false;

    [Symbol.dispose](): void {
      if (this.#isBack) return;
      this.#isBack = true;
      loans -= 1;
      endIfBack();
    }
  }
  Object.assign(Loan.prototype, lent);
  return {
    lend() {
      loans += 1;
      return new Loan() as T & Loan; // by the line above
    },
    allBack() {
      isEnding = true;
      endIfBack();
      return promise;
    },
  };
}
