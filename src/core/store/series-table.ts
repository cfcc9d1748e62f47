/**
 * Which family of which group holds which series, by hash. Typed arrays: 24 to 33 bytes a series,
 * whatever its name and labels are.
 */
export interface SeriesTable {
  /**
   * Adds a series to the chain of a holder.
   * @param next - the chain so far, or -1
   * @returns the chain with it
   */
  add(high: number, low: number, holder: number, next: number): number;
  /** Removes every series of a chain. */
  removeChain(first: number): void;
  /** Calls `visit` with the holder of each series that has this hash, until it says so. */
  find(high: number, low: number, visit: (holder: number) => boolean): boolean;
  /** Whether a chain has exactly these hashes, in the order in which they were added. */
  chainEquals(first: number, hashes: readonly number[]): boolean;
  /** Series in it. */
  size(): number;
}

const NONE = -1;
const FIRST_CAPACITY = 1024;
const GROWTH = 1.25;

/**
 * A row, one number behind the other: to look at one that nobody has looked at for long takes as
 * long as to wait for memory once, and columns would be waited for one by one.
 */
const HIGH = 0;
const LOW = 1;
const HOLDER = 2;
/** The series that was added to the same holder before; of a free row, the next free one. */
const CHAIN = 3;
/** The next series of the same bucket. */
const BESIDE = 4;
const WIDTH = 5;

/** What a table is made of. */
interface Rows {
  cells: Int32Array;
  /** The first row of each; as many as a power of two. */
  buckets: Int32Array;
  /** Rows that were ever used. */
  used: number;
  /** The first of those that are free again. */
  free: number;
  count: number;
  readonly lowFactor: number;
  readonly highFactor: number;
}

/**
 * Creates an empty table.
 * @param secret - two numbers of 32 bits that nobody can guess: who chooses labels can choose
 * hashes, and must not choose that they all come into one bucket
 */
export function createSeriesTable(secret: readonly [number, number]): SeriesTable {
  const rows: Rows = {
    cells: new Int32Array(FIRST_CAPACITY * WIDTH),
    buckets: new Int32Array(FIRST_CAPACITY).fill(NONE),
    used: 0,
    free: NONE,
    count: 0,
    lowFactor: secret[0] | 1,
    highFactor: secret[1] | 1,
  };
  return {
    add: (high, low, holder, next) => addRow(rows, high, low, holder, next),
    removeChain: (first) => removeChain(rows, first),
    find: (high, low, visit) => findRow(rows, high, low, visit),
    chainEquals: (first, hashes) => chainEquals(rows, first, hashes),
    size: () => rows.count,
  };
}

function addRow(rows: Rows, high: number, low: number, holder: number, next: number): number {
  if (rows.count === rows.buckets.length) rehash(rows);
  const row = takeRow(rows);
  const { cells } = rows;
  const at = row * WIDTH;
  cells[at + HIGH] = high;
  cells[at + LOW] = low;
  cells[at + HOLDER] = holder;
  cells[at + CHAIN] = next;
  link(rows, row);
  rows.count += 1;
  return row;
}

function removeChain(rows: Rows, first: number): void {
  const { cells } = rows;
  for (let row = first; row !== NONE; ) {
    const at = row * WIDTH;
    const next = cells[at + CHAIN] ?? NONE;
    unlink(rows, row);
    cells[at + HOLDER] = NONE;
    cells[at + CHAIN] = rows.free;
    rows.free = row;
    rows.count -= 1;
    row = next;
  }
}

function findRow(
  rows: Rows,
  high: number,
  low: number,
  visit: (holder: number) => boolean,
): boolean {
  const { cells, buckets } = rows;
  let row = buckets[bucketOf(rows, high, low)] ?? NONE;
  while (row !== NONE) {
    const at = row * WIDTH;
    const isSame = cells[at + LOW] === low && cells[at + HIGH] === high;
    if (isSame && visit(cells[at + HOLDER] ?? NONE)) return true;
    row = cells[at + BESIDE] ?? NONE;
  }
  return false;
}

function chainEquals({ cells }: Rows, first: number, hashes: readonly number[]): boolean {
  let row = first;
  for (let index = hashes.length - 2; index >= 0; index -= 2) {
    if (row === NONE) return false;
    const at = row * WIDTH;
    if (cells[at + LOW] !== hashes[index + 1] || cells[at + HIGH] !== hashes[index]) return false;
    row = cells[at + CHAIN] ?? NONE;
  }
  return row === NONE;
}

function bucketOf({ buckets, lowFactor, highFactor }: Rows, high: number, low: number): number {
  const mixed = Math.imul(low, lowFactor) + Math.imul(high, highFactor);
  return mixed >>> (Math.clz32(buckets.length) + 1);
}

function bucketOfRow(rows: Rows, row: number): number {
  const at = row * WIDTH;
  return bucketOf(rows, rows.cells[at + HIGH] ?? 0, rows.cells[at + LOW] ?? 0);
}

function link(rows: Rows, row: number): void {
  const { cells, buckets } = rows;
  const bucket = bucketOfRow(rows, row);
  cells[row * WIDTH + BESIDE] = buckets[bucket] ?? NONE;
  buckets[bucket] = row;
}

function unlink(rows: Rows, row: number): void {
  const { cells, buckets } = rows;
  const bucket = bucketOfRow(rows, row);
  const after = cells[row * WIDTH + BESIDE] ?? NONE;
  let before = buckets[bucket] ?? NONE;
  if (before === row) {
    buckets[bucket] = after;
    return;
  }
  while (cells[before * WIDTH + BESIDE] !== row) before = cells[before * WIDTH + BESIDE] ?? NONE;
  cells[before * WIDTH + BESIDE] = after;
}

function rehash(rows: Rows): void {
  rows.buckets = new Int32Array(rows.buckets.length * 2).fill(NONE);
  for (let row = 0; row < rows.used; row += 1) {
    if ((rows.cells[row * WIDTH + HOLDER] ?? NONE) !== NONE) link(rows, row);
  }
}

function takeRow(rows: Rows): number {
  if (rows.free !== NONE) {
    const row = rows.free;
    rows.free = rows.cells[row * WIDTH + CHAIN] ?? NONE;
    return row;
  }
  if (rows.used * WIDTH === rows.cells.length) rows.cells = grown(rows.cells);
  rows.used += 1;
  return rows.used - 1;
}

function grown(cells: Int32Array): Int32Array {
  const larger = new Int32Array(Math.ceil((cells.length / WIDTH) * GROWTH) * WIDTH);
  larger.set(cells);
  return larger;
}
