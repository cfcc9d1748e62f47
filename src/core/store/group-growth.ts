import type { GroupTotals } from './group-store.ts';
import { type HeldClaim, type HeldFamily, type HeldGroup, NOTHING } from './held-group.ts';

type Sizes = Pick<GroupTotals, 'series' | 'bytes'>;

/**
 * What the claims of a group add at most, in whatever order they end and whichever of them are
 * refused; never less than nothing. Of a single one, and of several that bring the same, exact.
 */
export function growthOfAll(group: HeldGroup, claims: readonly HeldClaim[]): GroupTotals {
  const [first] = claims;
  if (first === undefined) return NOTHING;
  const before = sumUp(group.families);
  const after = claims.every((claim) => bringsSame(claim, first))
    ? overlay(group, before, first)
    : findPeak(group, before, claims);
  return {
    groups: group.exists ? 0 : 1,
    series: Math.max(0, after.series - before.series),
    bytes: Math.max(0, after.bytes - before.bytes),
  };
}

/** A PUT leaves nothing of what was there, and every POST may come upon it: by name the largest. */
function findPeak(group: HeldGroup, before: Sizes, claims: readonly HeldClaim[]): Sizes {
  const posted = new Map<string, Sizes>();
  const bases: ReadonlyMap<string, Sizes>[] = [];
  for (const { method, families } of claims) {
    const brought = sumByName(families);
    if (method === 'PUT') bases.push(brought);
    else for (const [name, sizes] of brought) posted.set(name, larger(posted.get(name), sizes));
  }
  // Of a large group only what a POST touches is looked at by name.
  const touched = storedOf(group, posted);
  const kept = minus(before, sumUp(touched.values()));
  const peaks = [touched, ...bases].map((base) => {
    const merged = new Map(posted);
    for (const [name, sizes] of base) merged.set(name, larger(merged.get(name), sizes));
    const sum = sumUp(merged.values());
    return base === touched ? plus(kept, sum) : sum;
  });
  return peaks.reduce(larger);
}

/** What a group has after a push. */
function overlay(group: HeldGroup, before: Sizes, { method, families }: HeldClaim): Sizes {
  const brought = sumByName(families);
  const sum = sumUp(brought.values());
  if (method === 'PUT') return sum;
  return plus(minus(before, sumUp(storedOf(group, brought).values())), sum);
}

/** What a group has of some names. */
function storedOf(
  { families }: HeldGroup,
  names: Pick<ReadonlyMap<string, unknown>, 'has'>,
): ReadonlyMap<string, Sizes> {
  const stored = families.filter(({ occupant }) => names.has(occupant?.name ?? ''));
  return sumByName(stored.map((family) => [family, family.bytes]));
}

function bringsSame(one: HeldClaim, other: HeldClaim): boolean {
  if (one === other) return true;
  if (one.method !== other.method || one.families.size !== other.families.size) return false;
  return one.families.keys().every((family) => other.families.has(family));
}

function sumByName(families: Iterable<readonly [HeldFamily, number]>): Map<string, Sizes> {
  const sums = new Map<string, Sizes>();
  for (const [{ occupant, series }, bytes] of families) {
    const name = occupant?.name ?? '';
    const { series: others, bytes: otherBytes } = sums.get(name) ?? NOTHING;
    sums.set(name, { series: others + series, bytes: otherBytes + bytes });
  }
  return sums;
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
