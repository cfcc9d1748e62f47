import type { Occupant } from './family-index.ts';
import type { HeldGroup } from './held-group.ts';

/**
 * The number of series that are held together: those of a family of a group, those of its time
 * stamps, or those that Pushgateway may come to export of itself. Of one that was removed another
 * may come to have it.
 */
export type HeldSeries = number;

/** One of a family of a group, shared by its claims that bring the same. */
export type HeldFamily = HeldSeries;

/**
 * What is held, by number. Columns: a family costs 44 bytes, where an object of its own would cost
 * twice as many, and makes the heap no slower to go through.
 */
export interface HeldTable {
  /**
   * Adds series that are used once, none of them entered yet.
   * @param occupant - undefined for what is not among the types
   */
  add(group: HeldGroup | undefined, occupant: Occupant | undefined, sizes: HeldSizes): HeldSeries;
  remove(held: HeldSeries): void;
  groupOf(held: HeldSeries): HeldGroup | undefined;
  occupantOf(held: HeldSeries): Occupant | undefined;
  /** The chain of its series in their table. */
  chainOf(held: HeldSeries): number;
  setChain(held: HeldSeries, chain: number): void;
  seriesOf(held: HeldFamily): number;
  /** As the last push or reading had it. */
  bytesOf(held: HeldFamily): number;
  setBytes(held: HeldFamily, bytes: number): void;
  /** Counts a use more or less; the group is one, and each claim. @returns how many there are now */
  use(held: HeldFamily, sign: 1 | -1): number;
  /** When the push that left it was settled; what began later takes its place. */
  settledAt(held: HeldFamily): number;
  setSettledAt(held: HeldFamily, step: number): void;
}

interface HeldSizes {
  readonly series: number;
  readonly bytes: number;
}

/** The beginning of every chain of series. */
const NO_CHAIN = -1;
const FIRST_CAPACITY = 64;
const GROWTH = 1.25;

/** Of a number that is free: the next free one. */
const CHAIN = 0;
const SERIES = 1;
const USES = 2;
const COUNTS = 3;
const BYTES = 0;
const SETTLED_AT = 1;
const SIZES = 2;

export function createHeldTable(): HeldTable {
  return new Table();
}

class Table implements HeldTable {
  readonly #groups: (HeldGroup | undefined)[] = [];
  readonly #occupants: (Occupant | undefined)[] = [];
  /** Three of each, side by side, as all of them are asked for. */
  #counts = new Int32Array(FIRST_CAPACITY * COUNTS);
  /** Two of each. */
  #sizes = new Float64Array(FIRST_CAPACITY * SIZES);
  #free = NO_CHAIN;

  add(
    group: HeldGroup | undefined,
    occupant: Occupant | undefined,
    { series, bytes }: HeldSizes,
  ): HeldSeries {
    const held = this.#takeNumber();
    this.#groups[held] = group;
    this.#occupants[held] = occupant;
    this.#counts[held * COUNTS + CHAIN] = NO_CHAIN;
    this.#counts[held * COUNTS + SERIES] = series;
    this.#counts[held * COUNTS + USES] = 1;
    this.#sizes[held * SIZES + BYTES] = bytes;
    this.#sizes[held * SIZES + SETTLED_AT] = 0;
    return held;
  }

  remove(held: HeldSeries): void {
    this.#groups[held] = undefined;
    this.#occupants[held] = undefined;
    this.#counts[held * COUNTS + CHAIN] = this.#free;
    this.#free = held;
  }

  groupOf(held: HeldSeries): HeldGroup | undefined {
    return this.#groups[held];
  }

  occupantOf(held: HeldSeries): Occupant | undefined {
    return this.#occupants[held];
  }

  chainOf(held: HeldSeries): number {
    return this.#counts[held * COUNTS + CHAIN] ?? NO_CHAIN;
  }

  setChain(held: HeldSeries, chain: number): void {
    this.#counts[held * COUNTS + CHAIN] = chain;
  }

  seriesOf(held: HeldFamily): number {
    return this.#counts[held * COUNTS + SERIES] ?? 0;
  }

  bytesOf(held: HeldFamily): number {
    return this.#sizes[held * SIZES + BYTES] ?? 0;
  }

  setBytes(held: HeldFamily, bytes: number): void {
    this.#sizes[held * SIZES + BYTES] = bytes;
  }

  use(held: HeldFamily, sign: 1 | -1): number {
    const uses = (this.#counts[held * COUNTS + USES] ?? 0) + sign;
    this.#counts[held * COUNTS + USES] = uses;
    return uses;
  }

  settledAt(held: HeldFamily): number {
    return this.#sizes[held * SIZES + SETTLED_AT] ?? 0;
  }

  setSettledAt(held: HeldFamily, step: number): void {
    this.#sizes[held * SIZES + SETTLED_AT] = step;
  }

  #takeNumber(): HeldSeries {
    if (this.#free !== NO_CHAIN) {
      const held = this.#free;
      this.#free = this.chainOf(held);
      return held;
    }
    if (this.#groups.length * COUNTS === this.#counts.length) this.#grow();
    return this.#groups.length;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#groups.length * GROWTH);
    const counts = new Int32Array(capacity * COUNTS);
    counts.set(this.#counts);
    this.#counts = counts;
    const sizes = new Float64Array(capacity * SIZES);
    sizes.set(this.#sizes);
    this.#sizes = sizes;
  }
}
