import type { PushedFamily } from '../exposition/push-content.ts';
import type { Steps } from '../steps.ts';
import type { Occupant } from './family-index.ts';
import type { GroupPush } from './group-store.ts';
import { FEW, type HeldClaim } from './held-claim.ts';
import { type HeldGroup, NOT_SETTLED } from './held-group.ts';
import type { HeldFamily } from './held-table.ts';

/** A push that is being held against the store. */
export interface Attempt {
  readonly push: GroupPush;
  readonly group: HeldGroup;
  /** What it brings, as far as it was entered. */
  readonly families: Map<HeldFamily, number>;
  /** Names of its families. */
  readonly names: () => ReadonlySet<string>;
  /** To be done before anything is asked: a table of what the group has, where that pays. */
  readonly prepare: () => Iterable<undefined>;
  /** What the group has of a family, and what is on its way to it, each once. */
  readonly heldOf: (occupant: Occupant) => readonly HeldFamily[];
  /** What the group has. */
  readonly stored: () => ReadonlySet<HeldFamily>;
  /** What is on its way to the group and brings a family. */
  readonly claimsOf: (family: HeldFamily) => readonly HeldClaim[];
}

export function startAttempt(push: GroupPush, group: HeldGroup): Attempt {
  const { families } = push.content;
  const table = new Map<Occupant, HeldFamily[]>();
  const claims = once(() => tabulateClaims(group));
  // Few are looked for in a group, which takes microseconds where that has thousands; for more a
  // table is made first, which takes milliseconds.
  const isSmall = families.length <= FEW;
  return {
    push,
    group,
    families: new Map(),
    names: once(() => new Set(families.map(({ name }) => name))),
    prepare: () => (isSmall ? NO_STEPS : tabulate(group, table)),
    heldOf: (occupant) => (isSmall ? findHeld(group, occupant) : (table.get(occupant) ?? [])),
    stored: once(() => new Set(group.families)),
    claimsOf: isSmall
      ? (family) => group.claims.filter((claim) => claim.families.includes(family))
      : (family) => claims().get(family) ?? [],
  };
}

/** What a group has of a family, and what is on its way to it, each once. */
export function findHeld(
  { families, claims, held: table }: HeldGroup,
  occupant: Occupant,
): readonly HeldFamily[] {
  const held = families.filter((family) => table.occupantOf(family) === occupant);
  for (const claim of claims) {
    for (const family of claim.families) {
      if (table.occupantOf(family) === occupant && !held.includes(family)) held.push(family);
    }
  }
  return held;
}

const NO_STEPS: Iterable<undefined> = [];

/** Enters the families of a group by what they are. */
function* tabulate(
  { families, claims, held }: HeldGroup,
  table: Map<Occupant, HeldFamily[]>,
): Steps<void> {
  const add = (family: HeldFamily): void => {
    const occupant = held.occupantOf(family);
    if (occupant === undefined) return;
    const others = table.get(occupant);
    if (others === undefined) table.set(occupant, [family]);
    else if (!others.includes(family)) others.push(family);
  };
  for (const list of [families, ...claims.map((claim) => claim.families)]) {
    for (const family of list) {
      add(family);
      yield;
    }
  }
}

function tabulateClaims({ claims }: HeldGroup): ReadonlyMap<HeldFamily, readonly HeldClaim[]> {
  const table = new Map<HeldFamily, HeldClaim[]>();
  for (const claim of claims) {
    for (const family of claim.families) {
      const others = table.get(family);
      if (others === undefined) table.set(family, [claim]);
      else others.push(claim);
    }
  }
  return table;
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
export function replaces({ push, names, group }: Attempt, family: HeldFamily): boolean {
  return push.method === 'PUT' || names().has(group.held.occupantOf(family)?.name ?? '');
}

/**
 * Whether a family of the push and one that its group holds are never in the store at the same time.
 * Of the same name the later takes the place of the earlier. Of another name, what is under way with
 * the push must take its place too, as nobody knows which comes first.
 */
export function excludes(attempt: Attempt, pushed: PushedFamily, family: HeldFamily): boolean {
  const { group, push } = attempt;
  const { held } = group;
  if (held.occupantOf(family)?.name === pushed.name) return true;
  const isStored = attempt.stored().has(family);
  const claims = attempt.claimsOf(family);
  if (!isStored && claims.length === 0) return false;
  const isUndecided = held.settledAt(family) === NOT_SETTLED;
  const isReplaced = !isStored || (!isUndecided && replaces(attempt, family));
  return isReplaced && claims.every(({ method }) => push.method === 'PUT' && method === 'PUT');
}
