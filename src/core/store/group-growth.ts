import type { Steps } from '../steps.ts';
import type { GroupTotals } from './group-store.ts';
import type { HeldClaim } from './held-claim.ts';
import { type HeldGroup, NOTHING } from './held-group.ts';
import type { HeldFamily, HeldTable } from './held-table.ts';

/** Of what a quota counts in a group that exists. */
export type Sizes = Pick<GroupTotals, 'series' | 'bytes'>;

/** What a group is held against. */
interface Counted {
  readonly group: HeldGroup;
  /** Sums over what is noted of it. */
  readonly noted: Sizes;
  /** Whether more is noted of it than it may have: then there can be several of one name. */
  readonly isInDoubt: boolean;
}

/**
 * What the claims of a group add at most to what is noted of it when one more push is claimed,
 * however all of them end and in whatever order. Less than nothing where more is noted than there can
 * be. Until the push has come it is what it was; once it has come, what it brings counts. Exact where
 * nothing else is under way but pushes of the same families.
 */
export function* growthWith(counted: Counted, claim: HeldClaim): Steps<GroupTotals> {
  const { group, noted } = counted;
  const { claims, reserved } = group;
  if (isMoved(claims)) return NOTHING;
  const before = plus(noted, reserved);
  const all = [...claims, claim];
  const most = yield* mostOnceCome(counted, all, claim);
  const added = plus(before, sizesOf(group.held, claim));
  return growthTo(counted, all, larger(before, smaller(added, most)));
}

function* mostOnceCome(
  counted: Counted,
  all: readonly HeldClaim[],
  claim: HeldClaim,
): Steps<Sizes> {
  const { group } = counted;
  const later = settledSince(group, claim.begunAt);
  if (yield* bringSame(all, claim)) return yield* mostAfter(counted, claim, later, NOT_POSTED);
  // What another PUT takes the place of is as if it had not come.
  if (claim.method === 'PUT') {
    return yield* mostAfter(counted, claim, later, yield* postedBy(group.held, all));
  }
  return yield* findPeak(counted, all);
}

/**
 * What the claims of a group add at most once something has ended.
 * @param before - the most that it could have until then, whatever was to come of it; undefined if
 * that is not known
 */
export function* growthLeft(counted: Counted, before: Sizes | undefined): Steps<GroupTotals> {
  const { claims } = counted.group;
  if (isMoved(claims)) return NOTHING;
  const most = yield* findPeak(counted, claims);
  return growthTo(counted, claims, before === undefined ? most : smaller(before, most));
}

function isMoved([first]: readonly HeldClaim[]): boolean {
  return first?.isMove === true;
}

/** What its claims add for a group to have so much. */
export function growthTo(
  { group, noted }: Counted,
  { length }: readonly HeldClaim[],
  most: Sizes,
): GroupTotals {
  const groups = group.exists || length === 0 ? 0 : 1;
  const { series, bytes } = minus(most, noted);
  return groups === 0 && series === 0 && bytes === 0 ? NOTHING : { groups, series, bytes };
}

/**
 * What there is at most whatever comes of all claims. A PUT leaves of what was there only what may
 * have come after it, and every POST may come upon it: by name the largest.
 */
function* findPeak(counted: Counted, claims: readonly HeldClaim[]): Steps<Sizes> {
  const [first] = claims;
  let peak = yield* mostNoted(counted);
  if (first === undefined) return peak;
  const { group } = counted;
  const isSame = yield* bringSame(claims, first);
  const posted = isSame ? NOT_POSTED : yield* postedBy(group.held, claims);
  if (posted.size > 0) peak = yield* mostPosted(counted, posted);
  const later = settledSince(group, first.begunAt); // they are in the order in which they began
  for (const claim of claims) {
    if (!isSame && claim.method === 'POST') continue;
    peak = larger(peak, yield* mostAfter(counted, claim, later, posted));
  }
  return peak;
}

/** What a group has at most if nothing that is under way comes. */
function* mostNoted({ group, noted, isInDoubt }: Counted): Steps<Sizes> {
  if (!isInDoubt) return noted;
  return sumUp((yield* storedByName(group, group.families)).values());
}

/** The same if POSTs may come. */
function* mostPosted(counted: Counted, posted: ReadonlyMap<string, Sizes>): Steps<Sizes> {
  const { group } = counted;
  // Of a large group only what a POST touches is looked at by name.
  const touched = yield* storedByName(group, storedOf(group, posted));
  const kept = minus(yield* mostNoted(counted), sumUp(touched.values()));
  yield* enterLargest(touched, posted);
  return plus(kept, sumUp(touched.values()));
}

/**
 * What there is at most once a push has come that takes the place of all that came before it, or of
 * its names.
 * @param settled - what was settled since it began, or since others did: it may have come later
 * @param posted - what may come later yet
 */
function* mostAfter(
  counted: Counted,
  claim: HeldClaim,
  settled: readonly HeldFamily[],
  posted: ReadonlyMap<string, Sizes>,
): Steps<Sizes> {
  const { group } = counted;
  const { held } = group;
  const { method, families, bytes, begunAt } = claim;
  const later = settled.filter((family) => held.settledAt(family) >= begunAt);
  const isAlone = later.length === 0 && posted.size === 0;
  if (isAlone && method === 'PUT') return sizesOf(held, claim);
  const last = yield* byName(held, families, bytes);
  if (method === 'PUT') {
    yield* enterLargest(last, yield* storedByName(group, later));
    yield* enterLargest(last, posted);
    return sumUp(last.values());
  }
  const replaced = yield* storedByName(group, storedOf(group, last));
  const kept = minus(yield* mostNoted(counted), sumUp(replaced.values()));
  if (isAlone) return plus(kept, sizesOf(held, claim));
  const again = later.filter((family) => last.has(nameOf(held, family)));
  yield* enterLargest(last, yield* storedByName(group, again));
  return plus(kept, sumUp(last.values()));
}

const NOT_POSTED: ReadonlyMap<string, Sizes> = new Map();

/** By name the largest that any POST brings. */
function* postedBy(
  held: HeldTable,
  claims: readonly HeldClaim[],
): Steps<ReadonlyMap<string, Sizes>> {
  const posted = new Map<string, Sizes>();
  for (const { method, families, bytes } of claims) {
    if (method === 'POST') yield* enterLargest(posted, yield* byName(held, families, bytes));
  }
  return posted;
}

/** What is noted of a group that may have come after something that began then. */
function settledSince({ families, held, leftAt }: HeldGroup, step: number): readonly HeldFamily[] {
  return leftAt < step ? [] : families.filter((family) => held.settledAt(family) >= step);
}

/** What a group has of some names. */
function storedOf(
  { families, held }: HeldGroup,
  names: ReadonlyMap<string, unknown>,
): readonly HeldFamily[] {
  return names.size === 0 ? [] : families.filter((family) => names.has(nameOf(held, family)));
}

/** Whether all bring the families of the first, in the same way. */
function* bringSame(claims: readonly HeldClaim[], first: HeldClaim): Steps<boolean> {
  const { method, families } = first;
  let brought: ReadonlySet<HeldFamily> | undefined;
  for (const other of claims) {
    if (other.method !== method || other.families.length !== families.length) return false;
    if (other.families === families) continue;
    brought ??= new Set(families);
    for (const family of other.families) {
      if (!brought.has(family)) return false;
      yield;
    }
  }
  return true;
}

function storedByName(
  { held }: HeldGroup,
  families: readonly HeldFamily[],
): Steps<Map<string, Sizes>> {
  const bytes = families.map((family) => held.bytesOf(family));
  return byName(held, families, bytes);
}

/** Of several of one name there is one. */
function* byName(
  held: HeldTable,
  families: readonly HeldFamily[],
  bytes: readonly number[],
): Steps<Map<string, Sizes>> {
  const sizes = new Map<string, Sizes>();
  for (const [at, family] of families.entries()) {
    const size = { series: held.seriesOf(family), bytes: bytes[at] ?? 0 };
    enter(sizes, nameOf(held, family), size);
    yield;
  }
  return sizes;
}

function* enterLargest(into: Map<string, Sizes>, from: ReadonlyMap<string, Sizes>): Steps<void> {
  for (const [name, sizes] of from) {
    enter(into, name, sizes);
    yield;
  }
}

function enter(into: Map<string, Sizes>, name: string, sizes: Sizes): void {
  const other = into.get(name);
  into.set(name, other === undefined ? sizes : larger(other, sizes));
}

function nameOf(held: HeldTable, family: HeldFamily): string {
  return held.occupantOf(family)?.name ?? '';
}

function sizesOf(held: HeldTable, { families, totalBytes }: HeldClaim): Sizes {
  let series = 0;
  for (const family of families) series += held.seriesOf(family);
  return { series, bytes: totalBytes };
}

function sumUp(sizes: Iterable<Sizes>): Sizes {
  let series = 0;
  let bytes = 0;
  for (const one of sizes) {
    series += one.series;
    bytes += one.bytes;
  }
  return { series, bytes };
}

export function plus(one: Sizes, other: Sizes): Sizes {
  return { series: one.series + other.series, bytes: one.bytes + other.bytes };
}

function minus(one: Sizes, other: Sizes): Sizes {
  return { series: one.series - other.series, bytes: one.bytes - other.bytes };
}

function larger(one: Sizes, other: Sizes): Sizes {
  return {
    series: Math.max(one.series, other.series),
    bytes: Math.max(one.bytes, other.bytes),
  };
}

function smaller(one: Sizes, other: Sizes): Sizes {
  return {
    series: Math.min(one.series, other.series),
    bytes: Math.min(one.bytes, other.bytes),
  };
}
