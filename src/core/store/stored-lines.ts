import type { Occupant } from './family-index.ts';
import type { HeldFamily, HeldTable } from './held-table.ts';

/** In how many groups a family is, and how many lines of a scrape it has there. */
export interface StoredLines {
  groups: number;
  lines: number;
}

interface StoredFamilies {
  readonly stored: Map<Occupant, StoredLines>;
  readonly held: HeldTable;
}

/** Counts in how many groups of the store families are, and their lines. */
export function countStored(
  { stored, held }: StoredFamilies,
  families: readonly HeldFamily[],
  sign: 1 | -1,
): void {
  for (const family of families) {
    const occupant = held.occupantOf(family);
    if (occupant === undefined) continue;
    const count = stored.get(occupant) ?? { groups: 0, lines: 0 };
    count.groups += sign;
    count.lines += sign * held.seriesOf(family);
    if (count.groups === 0) stored.delete(occupant);
    else stored.set(occupant, count);
  }
}

/** Counts what went from a list and what came, without what stayed in its order. */
export function countChanged(
  store: StoredFamilies,
  before: readonly HeldFamily[],
  after: readonly HeldFamily[],
): void {
  let kept = 0;
  const gone = before.filter((family) => {
    if (family !== after[kept]) return true;
    kept += 1;
    return false;
  });
  countStored(store, after.slice(kept), 1);
  countStored(store, gone, -1);
}
