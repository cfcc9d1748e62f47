import type { PushedFamily } from '../exposition/push-content.ts';
import type { Occupant } from './family-index.ts';
import type { GroupPush } from './group-store.ts';
import { type HeldClaim, type HeldFamily, type HeldGroup, NOT_SETTLED } from './held-group.ts';

/** A push that is being held against the store. */
export interface Attempt {
  readonly push: GroupPush;
  readonly group: HeldGroup;
  /** What it brings, as far as it was entered. */
  readonly families: Map<HeldFamily, number>;
  /** Names of its families. */
  readonly names: () => ReadonlySet<string>;
  /** What the group has and what is on its way to it. */
  readonly holdings: () => GroupHoldings;
}

/** What a group has and what is on its way to it. */
interface GroupHoldings {
  readonly byFamily: ReadonlyMap<HeldFamily, Holding>;
  readonly byOccupant: ReadonlyMap<Occupant, readonly HeldFamily[]>;
}

/** Why a group holds a family. */
interface Holding {
  isStored: boolean;
  readonly claims: HeldClaim[];
}

export function startAttempt(push: GroupPush, group: HeldGroup): Attempt {
  return {
    push,
    group,
    families: new Map(),
    names: once(() => new Set(push.content.families.map(({ name }) => name))),
    holdings: once(() => listHoldings(group)),
  };
}

function listHoldings({ families, claims }: HeldGroup): GroupHoldings {
  const byFamily = new Map<HeldFamily, Holding>();
  const byOccupant = new Map<Occupant, HeldFamily[]>();
  const note = (family: HeldFamily): Holding => {
    const known = byFamily.get(family);
    if (known !== undefined) return known;
    const holding: Holding = { isStored: false, claims: [] };
    byFamily.set(family, holding);
    if (family.occupant !== undefined) {
      const others = byOccupant.get(family.occupant);
      if (others === undefined) byOccupant.set(family.occupant, [family]);
      else others.push(family);
    }
    return holding;
  };
  for (const family of families) note(family).isStored = true;
  for (const claim of claims)
    for (const family of claim.families.keys()) note(family).claims.push(claim);
  return { byFamily, byOccupant };
}

/** A push can have thousands of families: a list is gone through once, not for each. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Whether a push takes the place of a family that was stored before it. */
export function replaces({ push, names }: Attempt, { occupant }: HeldFamily): boolean {
  return push.method === 'PUT' || names().has(occupant?.name ?? '');
}

/**
 * Whether a family of the push and one that its group holds are never in the store at the same time.
 * Of the same name the later takes the place of the earlier. Of another name, what is under way with
 * the push must take its place too, as nobody knows which comes first.
 */
export function excludes(attempt: Attempt, pushed: PushedFamily, held: HeldFamily): boolean {
  if (held.occupant?.name === pushed.name) return true;
  const holding = attempt.holdings().byFamily.get(held);
  if (holding === undefined) return false;
  const isReplaced =
    !holding.isStored || (held.settledAt !== NOT_SETTLED && replaces(attempt, held));
  const { method } = attempt.push;
  return isReplaced && holding.claims.every((claim) => method === 'PUT' && claim.method === 'PUT');
}
