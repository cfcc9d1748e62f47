import type { GroupId } from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { SuspectGroup } from './suspect-groups.ts';

/** A group that has to go so that the scrape is whole. */
export interface Culprit {
  /** A path that names it. */
  readonly target: string;
  readonly id: GroupId;
  readonly problem: string;
}

/** What is wrong with a group whatever others hold. */
const ITSELF: ReadonlySet<SuspectGroup['blame']> = new Set(['itself', 'help']);

type Store = Pick<GroupStore, 'group' | 'groups'>;

/**
 * Picks as few groups as can be. What no scrape can show goes; of a family with two types the type
 * stays that more groups have, or that was there first; of all groups that may hold a series twice a
 * single one goes, that of somebody past the gateway first, then the one that was pushed to last.
 */
export function pickCulprits(suspects: readonly SuspectGroup[], store: Store): readonly Culprit[] {
  const found = new Map<GroupId, Culprit>();
  const take = ({ group, id, problem }: SuspectGroup): void =>
    void found.set(group, { target: group, id, problem });
  for (const suspect of suspects) if (ITSELF.has(suspect.blame)) take(suspect);
  const doubtful = suspects.filter(({ blame }) => blame === 'series');
  const [last] = doubtful.toSorted((a, b) => rank(store, b.id) - rank(store, a.id));
  if (last !== undefined) take(last);
  const clashes = findClashes(store);
  for (const clash of clashes) found.set(clash.target, clash);
  for (const suspect of suspects) {
    const isKnown = clashes.some(({ family }) => family === suspect.family);
    if (suspect.blame === 'kind' && !isKnown) take(suspect);
  }
  return [...found.values()];
}

/** Higher: rather to go. */
function rank(store: Store, id: GroupId): number {
  const group = store.group(id);
  const isForeign = group?.credential === undefined;
  return (isForeign ? Number.MAX_SAFE_INTEGER / 2 : 0) + (group?.pushedAt ?? 0);
}

interface Side {
  readonly groups: GroupId[];
  first: number;
}

/** Families that groups have with different types, native histograms beside classic ones too. */
function findClashes(store: Store): readonly (Culprit & { readonly family: string })[] {
  const families = new Map<string, Map<string, Side>>();
  for (const { id, pushedAt = Number.POSITIVE_INFINITY, families: held } of store.groups()) {
    for (const { name, type } of held) {
      const types = families.get(name) ?? new Map<string, Side>();
      families.set(name, types);
      const side = types.get(type) ?? { groups: [], first: Number.POSITIVE_INFINITY };
      types.set(type, side);
      side.groups.push(id);
      side.first = Math.min(side.first, pushedAt);
    }
  }
  return [...families].flatMap(([name, types]) => {
    if (types.size < 2) return [];
    const [, ...losers] = [...types].sort(
      ([, a], [, b]) => b.groups.length - a.groups.length || a.first - b.first,
    );
    return losers.flatMap(([type, { groups }]) =>
      groups.map((id) => ({
        target: id,
        id,
        family: name,
        problem: `family ${JSON.stringify(name)} is ${type} here, and of another type in other groups`,
      })),
    );
  });
}
