import type { Steps } from '../steps.ts';
import type { GroupTotals } from './group-store.ts';
import { type HeldClaim, type HeldGroup, NOTHING, totalsOf } from './held-group.ts';
import type { HeldFamily, HeldTable } from './held-table.ts';

type Sizes = Pick<GroupTotals, 'series' | 'bytes'>;

/**
 * What the claims of a group add at most, in whatever order they end and whichever of them are
 * refused; never less than nothing. Of a single one, and of several that bring the same, exact.
 */
export function* growthOfAll(group: HeldGroup, claims: readonly HeldClaim[]): Steps<GroupTotals> {
  const [first, ...others] = claims;
  if (first === undefined || first.isMove) return NOTHING;
  const { families, held } = group;
  const before = totalsOf({ exists: true, families, held });
  let isSame = true;
  const isSmall = first.families.size <= FEW;
  for (const other of others) {
    if (!isSame) break;
    isSame = isSmall ? bringsSameFew(other, first) : yield* bringsSame(other, first);
  }
  const after = isSame
    ? yield* overlay(group, before, first, mostBytes(claims))
    : yield* findPeak(group, before, claims);
  return {
    groups: group.exists ? 0 : 1,
    series: Math.max(0, after.series - before.series),
    bytes: Math.max(0, after.bytes - before.bytes),
  };
}

/** A PUT leaves nothing of what was there, and every POST may come upon it: by name the largest. */
function* findPeak(group: HeldGroup, before: Sizes, claims: readonly HeldClaim[]): Steps<Sizes> {
  const { held } = group;
  const posted = new Map<string, Sizes>();
  for (const { method, families } of claims) {
    if (method === 'POST') yield* enterLargest(posted, yield* sumByName(held, families));
  }
  // Of a large group only what a POST touches is looked at by name.
  const touched = yield* sumByName(held, storedOf(group, posted));
  const kept = minus(before, sumUp(touched.values()));
  let peak = plus(kept, yield* peakOver(touched, posted));
  for (const { method, families } of claims) {
    if (method !== 'PUT') continue;
    peak = larger(peak, yield* peakOver(yield* sumByName(held, families), posted));
  }
  return peak;
}

/** What is there at most when pushes come upon a base. */
function* peakOver(
  base: ReadonlyMap<string, Sizes>,
  posted: ReadonlyMap<string, Sizes>,
): Steps<Sizes> {
  if (posted.size === 0) return sumUp(base.values());
  const merged = new Map(posted);
  yield* enterLargest(merged, base);
  return sumUp(merged.values());
}

function* enterLargest(into: Map<string, Sizes>, from: ReadonlyMap<string, Sizes>): Steps<void> {
  for (const [name, sizes] of from) {
    into.set(name, larger(into.get(name), sizes));
    yield;
  }
}

/** The bytes of the largest: whichever comes last, that is what there is. */
function mostBytes(claims: readonly HeldClaim[]): number {
  let most = 0;
  for (const { families } of claims) {
    let bytes = 0;
    for (const brought of families.values()) bytes += brought;
    most = Math.max(most, bytes);
  }
  return most;
}

/** What a group has after a push of so many bytes. */
function* overlay(
  group: HeldGroup,
  before: Sizes,
  { method, families }: HeldClaim,
  bytes: number,
): Steps<Sizes> {
  const { held } = group;
  const names = new Set<string>();
  let series = 0;
  for (const family of families.keys()) {
    series += held.seriesOf(family);
    if (method === 'POST') names.add(nameOf(held, family));
    yield;
  }
  if (method === 'PUT') return { series, bytes };
  const replaced = group.families.filter((family) => names.has(nameOf(held, family)));
  const gone = totalsOf({ exists: true, families: replaced, held });
  return plus(minus(before, gone), { series, bytes });
}

/** What a group has of some names. */
function storedOf(
  { families, held }: HeldGroup,
  names: ReadonlyMap<string, unknown>,
): Iterable<readonly [HeldFamily, number]> {
  if (names.size === 0) return [];
  const stored = families.filter((family) => names.has(nameOf(held, family)));
  return stored.map((family) => [family, held.bytesOf(family)]);
}

/** Of so few families all are compared in one step: mostly it is asked of many claims with few. */
const FEW = 16;

function* bringsSame(one: HeldClaim, other: HeldClaim): Steps<boolean> {
  if (one.method !== other.method || one.families.size !== other.families.size) return false;
  for (const family of one.families.keys()) {
    if (!other.families.has(family)) return false;
    yield;
  }
  return true;
}

function bringsSameFew(one: HeldClaim, other: HeldClaim): boolean {
  if (one.method !== other.method || one.families.size !== other.families.size) return false;
  for (const family of one.families.keys()) if (!other.families.has(family)) return false;
  return true;
}

function* sumByName(
  held: HeldTable,
  families: Iterable<readonly [HeldFamily, number]>,
): Steps<ReadonlyMap<string, Sizes>> {
  const sums = new Map<string, Sizes>();
  for (const [family, bytes] of families) {
    const series = held.seriesOf(family);
    const name = nameOf(held, family);
    const others = sums.get(name);
    sums.set(name, others ? plus(others, { series, bytes }) : { series, bytes });
    yield;
  }
  return sums;
}

function nameOf(held: HeldTable, family: HeldFamily): string {
  return held.occupantOf(family)?.name ?? '';
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

function plus(one: Sizes, other: Sizes): Sizes {
  return { series: one.series + other.series, bytes: one.bytes + other.bytes };
}

function minus(one: Sizes, other: Sizes): Sizes {
  return { series: one.series - other.series, bytes: one.bytes - other.bytes };
}

function larger(one: Sizes | undefined, other: Sizes): Sizes {
  return {
    series: Math.max(one?.series ?? 0, other.series),
    bytes: Math.max(one?.bytes ?? 0, other.bytes),
  };
}
