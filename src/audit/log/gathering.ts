/** Turns of the event loop in which a batch gathers at most: fractions of a millisecond. */
const MAX_TURNS = 8;

/** Lets a batch gather: what one turn of the event loop brings, and the next ones while each brings more. */
export class Gathering {
  readonly #size: () => number;
  readonly #send: () => void;
  #isUnderWay = false;

  /**
   * @param size - how much waits for the next batch
   * @param send - called once a turn has brought nothing more
   */
  constructor(size: () => number, send: () => void) {
    this.#size = size;
    this.#send = send;
  }

  /** Begins, unless it has begun. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    let seen = this.#size();
    let turns = 1;
    const look = (): void => {
      const size = this.#size();
      if (size > seen && turns < MAX_TURNS) {
        seen = size;
        turns += 1;
        setImmediate(look);
        return;
      }
      this.#isUnderWay = false;
      this.#send();
    };
    setImmediate(look);
  }
}
