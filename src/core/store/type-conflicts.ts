import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { Steps } from '../steps.ts';
import { findClashes, type Occupant } from './family-index.ts';
import type { GroupId } from './group.ts';
import { type Attempt, excludes, findHeld } from './push-attempt.ts';
import { type Clash, MOST_CLASHES } from './refusals.ts';
import type { StoreState } from './store-state.ts';

/** What the families of a push are in the store. */
export interface ResolvedTypes {
  /** With the types that they get; those that cannot be there left out. */
  readonly families: readonly FamilyContent[];
  /** Those that got another type, as they were sent. */
  readonly sentAs: ReadonlyMap<FamilyContent, FamilyContent>;
  readonly clashes: readonly Clash[];
}

/** Gives families of a push their types, or finds what is in their way. */
export function* resolveTypes(state: StoreState, attempt: Attempt): Steps<ResolvedTypes> {
  const clashes: Clash[] = [];
  const families: FamilyContent[] = [];
  const sentAs = new Map<FamilyContent, FamilyContent>();
  for (const family of attempt.push.content.families) {
    const resolved = resolveType(state, attempt, family);
    if ('clash' in resolved) {
      const isSaid = clashes.length < MOST_CLASHES;
      clashes.push(describe(state, attempt, family, resolved.clash, isSaid));
    } else {
      families.push(resolved);
      if (resolved !== family) sentAs.set(resolved, family);
    }
    yield;
  }
  return { families, sentAs, clashes };
}

/** A family once more, whatever has come into the store since; or what is in its way. */
export function resolveAgain(
  state: StoreState,
  attempt: Attempt,
  sent: FamilyContent,
): FamilyContent | Clash {
  const resolved = resolveType(state, attempt, sent);
  return 'clash' in resolved ? describe(state, attempt, sent, resolved.clash, true) : resolved;
}

/** A family with the type that it gets, or a stored one that is in its way. */
function resolveType(
  state: StoreState,
  attempt: Attempt,
  family: FamilyContent,
): FamilyContent | { readonly clash: Occupant } {
  const stored = findClash(state, attempt, family);
  if (stored === undefined) return family;
  if (canAdopt(family, stored)) {
    const adopted = { ...family, type: stored.type };
    if (findClash(state, attempt, adopted) === undefined) return adopted;
  }
  return { clash: stored };
}

function describe(
  state: StoreState,
  { push }: Attempt,
  pushed: PushedFamily,
  stored: Occupant,
  isSaid: boolean,
): Clash {
  const found = isSaid ? findGroupsOf(state, push.team, stored) : NONE;
  return { pushed, stored, isOwn: isOwn(state, stored), ...found };
}

/** A stored family that is in the way of one that is pushed, if there is any. */
function findClash(
  { index }: StoreState,
  attempt: Attempt,
  family: PushedFamily,
): Occupant | undefined {
  return findClashes(index, family).find((occupant) => !givesWay(attempt, family, occupant));
}

/** Whether all that have a family are of the group, and the push takes their place. */
function givesWay(attempt: Attempt, pushed: PushedFamily, occupant: Occupant): boolean {
  const held = attempt.heldOf(occupant);
  return held.length === occupant.holders && held.every((one) => excludes(attempt, pushed, one));
}

/** A text without a TYPE line leaves the type open. */
function canAdopt(family: FamilyContent, { name, type }: Occupant): boolean {
  const isSingle = type === 'counter' || type === 'gauge';
  return !family.isTyped && name === family.name && isSingle;
}

/** Whether Pushgateway itself has a family. */
function isOwn({ own }: StoreState, stored: Occupant): boolean {
  return own.families.some((family) => own.held.occupantOf(family) === stored);
}

/** Groups of a team that are gone through for the text of an answer. */
const MOST_SEARCHED = 1000;

const NONE: Pick<Clash, 'groups' | 'isAll'> = { groups: [], isAll: false };

/** The groups of the team's own that have a family, as far as they are found soon. */
function findGroupsOf({ owners }: StoreState, team: string, stored: Occupant): typeof NONE {
  const groups: GroupId[] = [];
  let holders = 0;
  let searched = 0;
  for (const group of owners.get(team)?.groups ?? []) {
    searched += group.families.length + 1;
    const held = findHeld(group, stored).length;
    if (held > 0) groups.push(group.id);
    holders += held;
    if (searched > MOST_SEARCHED || holders === stored.holders) break;
  }
  return { groups, isAll: holders === stored.holders };
}
