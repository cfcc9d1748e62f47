/** Pushes and deletes of one team under way, by who sent them. */
export interface Places {
  /** Sources that have some. */
  readonly sources: number;
  has(source: string): boolean;
  /**
   * Whether one more of this source is too many. A source of its own may take as many places as it
   * leaves to the others: one takes half of them, the next a quarter, and some are always left.
   */
  isFull(source: string, concurrent: number): boolean;
  take(source: string): void;
  giveBack(source: string): void;
}

/** The source of all who are not told apart: nothing is kept from them. */
const SHARED = '';

/** Creates places, none of them taken. */
export function createPlaces(): Places {
  const taken = new Map<string, number>();
  let underWay = 0;
  return {
    get sources() {
      return taken.size;
    },
    has: (source) => taken.has(source),
    isFull(source, concurrent) {
      const free = concurrent - underWay;
      const own = source === SHARED ? 0 : (taken.get(source) ?? 0);
      return own >= free;
    },
    take(source) {
      underWay += 1;
      taken.set(source, (taken.get(source) ?? 0) + 1);
    },
    giveBack(source) {
      underWay -= 1;
      const left = (taken.get(source) ?? 1) - 1;
      if (left > 0) taken.set(source, left);
      else taken.delete(source);
    },
  };
}
