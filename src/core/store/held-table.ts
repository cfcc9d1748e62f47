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

export function createHeldTable(): HeldTable {
  return new Table();
}

class Table implements HeldTable {
  readonly #groups: (HeldGroup | undefined)[] = [];
  readonly #occupants: (Occupant | undefined)[] = [];
  /** Of a number that is free: the next free one. */
  #chains = new Int32Array(FIRST_CAPACITY);
  #series = new Int32Array(FIRST_CAPACITY);
  #uses = new Int32Array(FIRST_CAPACITY);
  #bytes = new Float64Array(FIRST_CAPACITY);
  #settledAt = new Float64Array(FIRST_CAPACITY);
  #free = NO_CHAIN;

  add(
    group: HeldGroup | undefined,
    occupant: Occupant | undefined,
    { series, bytes }: HeldSizes,
  ): HeldSeries {
    const held = this.#takeNumber();
    this.#groups[held] = group;
    this.#occupants[held] = occupant;
    this.#chains[held] = NO_CHAIN;
    this.#series[held] = series;
    this.#uses[held] = 1;
    this.#bytes[held] = bytes;
    this.#settledAt[held] = 0;
    return held;
  }

  remove(held: HeldSeries): void {
    this.#groups[held] = undefined;
    this.#occupants[held] = undefined;
    this.#chains[held] = this.#free;
    this.#free = held;
  }

  groupOf(held: HeldSeries): HeldGroup | undefined {
    return this.#groups[held];
  }

  occupantOf(held: HeldSeries): Occupant | undefined {
    return this.#occupants[held];
  }

  chainOf(held: HeldSeries): number {
    return this.#chains[held] ?? NO_CHAIN;
  }

  setChain(held: HeldSeries, chain: number): void {
    this.#chains[held] = chain;
  }

  seriesOf(held: HeldFamily): number {
    return this.#series[held] ?? 0;
  }

  bytesOf(held: HeldFamily): number {
    return this.#bytes[held] ?? 0;
  }

  setBytes(held: HeldFamily, bytes: number): void {
    this.#bytes[held] = bytes;
  }

  use(held: HeldFamily, sign: 1 | -1): number {
    const uses = (this.#uses[held] ?? 0) + sign;
    this.#uses[held] = uses;
    return uses;
  }

  settledAt(held: HeldFamily): number {
    return this.#settledAt[held] ?? 0;
  }

  setSettledAt(held: HeldFamily, step: number): void {
    this.#settledAt[held] = step;
  }

  #takeNumber(): HeldSeries {
    if (this.#free !== NO_CHAIN) {
      const held = this.#free;
      this.#free = this.chainOf(held);
      return held;
    }
    if (this.#groups.length === this.#chains.length) this.#grow();
    return this.#groups.length;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#chains.length * GROWTH);
    const numbers = (before: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(capacity);
      larger.set(before);
      return larger;
    };
    const doubles = (before: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(capacity);
      larger.set(before);
      return larger;
    };
    this.#chains = numbers(this.#chains);
    this.#series = numbers(this.#series);
    this.#uses = numbers(this.#uses);
    this.#bytes = doubles(this.#bytes);
    this.#settledAt = doubles(this.#settledAt);
  }
}
