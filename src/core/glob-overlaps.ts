import { globsOverlap } from './glob-overlap.ts';

/** A glob and whose it is. */
export interface PlacedGlob {
  /** Owners are numbered in their order. */
  readonly owner: number;
  /** Place in the owner's list. */
  readonly index: number;
  readonly glob: string;
}

/** Two globs of two owners that some text matches both. */
export interface GlobOverlap {
  readonly earlier: PlacedGlob;
  readonly later: PlacedGlob;
}

/** Where everybody may have everything, nobody wants to read of each pair. */
const MOST_OVERLAPS = 100;

/**
 * Finds, for each owner, the owners before it with a glob that meets one of its own: one overlap for
 * each of them, at most a hundred. A glob is held only against those that begin as it does, so that
 * the time grows with the overlaps and not with the square of the globs.
 */
export function findGlobOverlaps(globs: readonly PlacedGlob[]): ReadonlyMap<number, GlobOverlap[]> {
  const byHead = Map.groupBy(globs, ({ glob }) => headOf(glob));
  const heads = [...byHead.keys()].sort(byCodeUnits);
  const listCandidates = (glob: string) =>
    listMeetingHeads(glob, heads, byHead).flatMap((head) => byHead.get(head) ?? []);
  const found = new Map<number, GlobOverlap[]>();
  for (const [owner, own] of Map.groupBy(globs, (one) => one.owner)) {
    const overlaps = new Map<number, GlobOverlap>();
    for (const later of own) collectEarlier(later, listCandidates(later.glob), overlaps);
    const inOrder = [...overlaps.values()].sort((a, b) => a.earlier.owner - b.earlier.owner);
    found.set(owner, inOrder);
  }
  return found;
}

/** Keeps, for each earlier owner, the overlap with the first of its globs. */
function collectEarlier(
  later: PlacedGlob,
  candidates: Iterable<PlacedGlob>,
  overlaps: Map<number, GlobOverlap>,
): void {
  for (const earlier of candidates) {
    if (overlaps.size >= MOST_OVERLAPS) return;
    if (earlier.owner >= later.owner) continue;
    const before = overlaps.get(earlier.owner);
    if (before !== undefined && before.earlier.index <= earlier.index) continue;
    if (globsOverlap(earlier.glob, later.glob)) overlaps.set(earlier.owner, { earlier, later });
  }
}

/** What stands before the first `*`. */
function headOf(glob: string): string {
  return glob.split('*', 1)[0] ?? '';
}

/** The heads with which a glob's own begins, and those that begin with it. */
function* listMeetingHeads(
  glob: string,
  sorted: readonly string[],
  known: ReadonlyMap<string, unknown>,
): Generator<string> {
  const head = headOf(glob);
  for (let length = 0; length < head.length; length += 1) {
    const shorter = head.slice(0, length);
    if (known.has(shorter)) yield shorter;
  }
  if (head === glob) {
    if (known.has(head)) yield head;
    return;
  }
  for (let at = findFirst(sorted, head); sorted[at]?.startsWith(head); at += 1) {
    yield sorted[at] ?? '';
  }
}

/** Index of the first text that does not sort before another. */
function findFirst(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
