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

interface Columns {
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly holder: Int32Array;
  /** The series that was added to the same holder before; of a free row, the next free one. */
  readonly chain: Int32Array;
  /** The next series of the same bucket. */
  readonly beside: Int32Array;
}

/** What a table is made of. */
interface Rows {
  columns: Columns;
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
    columns: createColumns(FIRST_CAPACITY),
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
  const { columns } = rows;
  columns.high[row] = high;
  columns.low[row] = low;
  columns.holder[row] = holder;
  columns.chain[row] = next;
  link(rows, row);
  rows.count += 1;
  return row;
}

function removeChain(rows: Rows, first: number): void {
  const { holder, chain } = rows.columns;
  for (let row = first; row !== NONE; ) {
    const next = chain[row] ?? NONE;
    unlink(rows, row);
    holder[row] = NONE;
    chain[row] = rows.free;
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
  const { columns, buckets } = rows;
  let row = buckets[bucketOf(rows, high, low)] ?? NONE;
  while (row !== NONE) {
    const isSame = columns.low[row] === low && columns.high[row] === high;
    if (isSame && visit(columns.holder[row] ?? NONE)) return true;
    row = columns.beside[row] ?? NONE;
  }
  return false;
}

function chainEquals({ columns }: Rows, first: number, hashes: readonly number[]): boolean {
  let row = first;
  for (let at = hashes.length - 2; at >= 0; at -= 2) {
    if (row === NONE) return false;
    if (columns.low[row] !== hashes[at + 1] || columns.high[row] !== hashes[at]) return false;
    row = columns.chain[row] ?? NONE;
  }
  return row === NONE;
}

function bucketOf({ buckets, lowFactor, highFactor }: Rows, high: number, low: number): number {
  const mixed = Math.imul(low, lowFactor) + Math.imul(high, highFactor);
  return mixed >>> (Math.clz32(buckets.length) + 1);
}

function link(rows: Rows, row: number): void {
  const { columns, buckets } = rows;
  const bucket = bucketOf(rows, columns.high[row] ?? 0, columns.low[row] ?? 0);
  columns.beside[row] = buckets[bucket] ?? NONE;
  buckets[bucket] = row;
}

function unlink(rows: Rows, row: number): void {
  const { columns, buckets } = rows;
  const bucket = bucketOf(rows, columns.high[row] ?? 0, columns.low[row] ?? 0);
  const after = columns.beside[row] ?? NONE;
  let at = buckets[bucket] ?? NONE;
  if (at === row) {
    buckets[bucket] = after;
    return;
  }
  while (columns.beside[at] !== row) at = columns.beside[at] ?? NONE;
  columns.beside[at] = after;
}

function rehash(rows: Rows): void {
  rows.buckets = new Int32Array(rows.buckets.length * 2).fill(NONE);
  for (let row = 0; row < rows.used; row += 1) {
    if ((rows.columns.holder[row] ?? NONE) !== NONE) link(rows, row);
  }
}

function takeRow(rows: Rows): number {
  if (rows.free !== NONE) {
    const row = rows.free;
    rows.free = rows.columns.chain[row] ?? NONE;
    return row;
  }
  if (rows.used === rows.columns.high.length) rows.columns = growColumns(rows.columns);
  rows.used += 1;
  return rows.used - 1;
}

function createColumns(capacity: number): Columns {
  const column = (): Int32Array => new Int32Array(capacity);
  return { high: column(), low: column(), holder: column(), chain: column(), beside: column() };
}

function growColumns(before: Columns): Columns {
  const capacity = Math.ceil(before.high.length * GROWTH);
  const grow = (column: Int32Array): Int32Array => {
    const larger = new Int32Array(capacity);
    larger.set(column);
    return larger;
  };
  return {
    high: grow(before.high),
    low: grow(before.low),
    holder: grow(before.holder),
    chain: grow(before.chain),
    beside: grow(before.beside),
  };
}
