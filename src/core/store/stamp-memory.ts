import { type GroupingKey, renderPushTarget } from '../target/grouping-key.ts';
import type { GroupId } from './group.ts';

/** When a group was last pushed to, as a scrape tells; milliseconds since the epoch, 0 for never. */
export interface GroupStamps {
  readonly id: GroupId;
  readonly pushedAt: number;
  readonly failedAt: number;
}

/** What is different in a scrape since the one before, or a part of that. */
export interface StampChanges {
  /** Whether no scrape before is known: the changes of this one are all that it shows. */
  readonly isWhole: boolean;
  /** Groups that are new or have other times. */
  readonly changed: readonly GroupStamps[];
  readonly gone: readonly GroupId[];
}

/**
 * Keeps the time stamps of all groups from one scrape to the next, so that of a store of any size
 * only what has changed is to be understood.
 */
export interface StampMemory {
  /** Begins with a scrape. */
  begin(): void;
  /** Notes one line of it: the text between its braces, in Latin-1, and its value. */
  note(labels: string, stamp: Stamp, milliseconds: number): void;
  /** What is different, in parts; it is what the next scrape is held against. */
  end(): Generator<StampChanges>;
  /** Forgets all, as after a scrape that was not read to its end. */
  clear(): void;
}

export type Stamp = 'pushedAt' | 'failedAt';

/** Groups in one part. */
const PART = 100;
const FIRST_CAPACITY = 1024;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function createStampMemory(): StampMemory {
  return new Memory();
}

/** Numbers of one group each, by its row. */
type Column = Float64Array<ArrayBuffer>;

class Memory implements StampMemory {
  /** The row of each group, by the text of its labels. */
  #rows = new Map<string, number>();
  #free: number[] = [];
  #pushedAt: Column = new Float64Array(FIRST_CAPACITY);
  #failedAt: Column = new Float64Array(FIRST_CAPACITY);
  /** The scrape that it was in, and the one that showed something new of it. */
  #seenIn: Column = new Float64Array(FIRST_CAPACITY);
  #changedIn: Column = new Float64Array(FIRST_CAPACITY);
  #scrape = 0;
  #isWhole = true;

  begin(): void {
    this.#scrape += 1;
    this.#isWhole = this.#rows.size === 0;
  }

  note(labels: string, stamp: Stamp, milliseconds: number): void {
    const row = this.#rows.get(labels) ?? this.#addRow(labels);
    const times = stamp === 'pushedAt' ? this.#pushedAt : this.#failedAt;
    if (times[row] !== milliseconds) {
      times[row] = milliseconds;
      this.#changedIn[row] = this.#scrape;
    }
    this.#seenIn[row] = this.#scrape;
  }

  *end(): Generator<StampChanges> {
    let changed: GroupStamps[] = [];
    let gone: GroupId[] = [];
    for (const [labels, row] of this.#rows) {
      if (this.#seenIn[row] !== this.#scrape) gone.push(this.#forget(labels, row));
      else if (this.#changedIn[row] === this.#scrape) changed.push(this.#stampsOf(labels, row));
      if (changed.length + gone.length < PART) continue;
      yield { isWhole: this.#isWhole, changed, gone };
      changed = [];
      gone = [];
    }
    yield { isWhole: this.#isWhole, changed, gone };
  }

  clear(): void {
    this.#rows = new Map();
    this.#free = [];
  }

  #addRow(labels: string): number {
    const row = this.#free.pop() ?? this.#rows.size;
    if (row >= this.#pushedAt.length) this.#grow();
    this.#rows.set(labels, row);
    this.#pushedAt[row] = 0;
    this.#failedAt[row] = 0;
    this.#changedIn[row] = this.#scrape;
    return row;
  }

  #grow(): void {
    this.#pushedAt = doubled(this.#pushedAt);
    this.#failedAt = doubled(this.#failedAt);
    this.#seenIn = doubled(this.#seenIn);
    this.#changedIn = doubled(this.#changedIn);
  }

  #forget(labels: string, row: number): GroupId {
    this.#rows.delete(labels);
    this.#free.push(row);
    return readId(labels);
  }

  #stampsOf(labels: string, row: number): GroupStamps {
    const [pushedAt = 0, failedAt = 0] = [this.#pushedAt[row], this.#failedAt[row]];
    return { id: readId(labels), pushedAt, failedAt };
  }
}

function doubled(column: Column): Column {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

/** @param labels - as the text format has them, in Latin-1 */
function readId(labels: string): GroupId {
  return renderPushTarget(readKey(Buffer.from(labels, 'latin1').toString()));
}

function readKey(text: string): GroupingKey {
  let job = '';
  const labels = [];
  for (const [, name = '', written = ''] of text.matchAll(LABEL)) {
    const value = unescapeText(written);
    if (name === 'job') job = value;
    // Pushgateway gives a group without an instance an empty one.
    else if (name !== 'instance' || value !== '') labels.push({ name, value });
  }
  return { job, labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** What stands between quotes in the text format. */
export function unescapeText(inner: string): string {
  if (!inner.includes('\\')) return inner;
  return inner.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
