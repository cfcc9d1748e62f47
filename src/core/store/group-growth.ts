import type { Steps } from '../steps.ts';
import type { GroupTotals } from './group-store.ts';
import type { HeldClaim } from './held-claim.ts';
import { type HeldGroup, NOTHING, totalsOf } from './held-group.ts';
import type { HeldFamily, HeldTable } from './held-table.ts';

type Sizes = Pick<GroupTotals, 'series' | 'bytes'>;

/**
 * What the claims of a group add at most, in whatever order they end and whichever of them are
 * refused; never less than nothing. Of a single one, and of several that bring the same, exact.
 */
export function* growthOfAll(group: HeldGroup, claims: readonly HeldClaim[]): Steps<GroupTotals> {
  const [first] = claims;
  if (first === undefined || first.isMove) return NOTHING;
  const { families, held } = group;
  const before = totalsOf({ exists: true, families, held });
  const after = (yield* bringSame(claims, first))
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
  for (const { method, families, bytes } of claims) {
    if (method === 'POST') yield* enterLargest(posted, yield* sumByName(held, families, bytes));
  }
  // Of a large group only what a POST touches is looked at by name.
  const stored = storedOf(group, posted);
  const touched = yield* sumByName(
    held,
    stored,
    stored.map((family) => held.bytesOf(family)),
  );
  const kept = minus(before, sumUp(touched.values()));
  let peak = plus(kept, yield* peakOver(touched, posted));
  for (const { method, families, bytes } of claims) {
    if (method !== 'PUT') continue;
    peak = larger(peak, yield* peakOver(yield* sumByName(held, families, bytes), posted));
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
  for (const family of families) {
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

/** Whichever comes last, that is what there is of it. */
function mostBytes(claims: readonly HeldClaim[]): number {
  let most = 0;
  for (const { totalBytes } of claims) most = Math.max(most, totalBytes);
  return most;
}

function* sumByName(
  held: HeldTable,
  families: readonly HeldFamily[],
  bytes: readonly number[],
): Steps<ReadonlyMap<string, Sizes>> {
  const sums = new Map<string, Sizes>();
  for (const [at, family] of families.entries()) {
    const size = { series: held.seriesOf(family), bytes: bytes[at] ?? 0 };
    const name = nameOf(held, family);
    const others = sums.get(name);
    sums.set(name, others ? plus(others, size) : size);
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
