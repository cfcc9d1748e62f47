import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import { findClashes, type Occupant } from './family-index.ts';
import { type Attempt, excludes } from './push-attempt.ts';
import { type Clash, MOST_CLASHES } from './refusals.ts';
import type { StoreState } from './store-state.ts';

/** The families with the types that they get, and what is in their way. */
export function resolveTypes(
  state: StoreState,
  attempt: Attempt,
): { families: readonly FamilyContent[]; clashes: readonly Clash[] } {
  const clashes: Clash[] = [];
  const { team } = attempt.push;
  const families = attempt.push.content.families.map((family) => {
    const stored = findClash(state, attempt, family);
    if (stored === undefined) return family;
    if (canAdopt(family, stored)) {
      const adopted = { ...family, type: stored.type };
      if (findClash(state, attempt, adopted) === undefined) return adopted;
    }
    const isSaid = clashes.length < MOST_CLASHES;
    const group = isSaid ? findGroupOf(state, team, stored) : undefined;
    clashes.push({ pushed: family, stored, isOwn: isOwn(state, stored), group });
    return family;
  });
  return { families, clashes };
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
  const held = attempt.holdings().byOccupant.get(occupant) ?? [];
  return held.length === occupant.holders && held.every((one) => excludes(attempt, pushed, one));
}

/** A text without a TYPE line leaves the type open. */
function canAdopt(family: FamilyContent, { name, type }: Occupant): boolean {
  const isSingle = type === 'counter' || type === 'gauge';
  return !family.isTyped && name === family.name && isSingle;
}

/** Whether Pushgateway itself has a family. */
function isOwn({ own }: StoreState, stored: Occupant): boolean {
  return own.families.some(({ occupant }) => occupant === stored);
}

/** Groups of a team that are gone through for the text of an answer. */
const MOST_SEARCHED = 1000;

/** A group of the team's own that has a family, if one is found soon. */
function findGroupOf({ owners }: StoreState, team: string, stored: Occupant): string | undefined {
  let searched = 0;
  for (const { id, families } of owners.get(team)?.groups ?? []) {
    searched += families.length + 1;
    if (families.some(({ occupant }) => occupant === stored)) return id;
    if (searched > MOST_SEARCHED) return undefined;
  }
  return undefined;
}
