import type { Deny } from '../decision.ts';
import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { Steps } from '../steps.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { GroupPush } from './group-store.ts';
import { addSeries, holdFamily, isSameContent, keyOf, stampsOf } from './held-group.ts';
import type { HeldFamily, HeldSeries } from './held-table.ts';
import { type Attempt, excludes } from './push-attempt.ts';
import { denyCollision, denyDuplicate } from './refusals.ts';
import type { StoreState } from './store-state.ts';

/** Enters the time stamps of a new group, or refuses it for them. */
export function enterStamps(state: StoreState, { push, group }: Attempt): Deny | undefined {
  const identities = stampsOf(group);
  const findOther = createFinder(state, () => false);
  for (let at = 0; at < identities.length; at += 2) {
    const holder = findOther(identities[at] ?? 0, identities[at + 1] ?? 0);
    if (holder === undefined) continue;
    const pushed = { name: 'push_time_seconds', type: 'gauge' } as const;
    return denyEqualHash(state, push, pushed, holder);
  }
  addSeries(state, group.stamps, identities);
  return undefined;
}

/** What is to be entered, and what the group has of it already. */
export interface SortedFamilies {
  readonly known: readonly FamilyContent[];
  readonly fresh: readonly FamilyContent[];
}

/** Tells what the group has already, which the push then uses too, from what is to be entered. */
export function* sortFamilies(
  state: StoreState,
  attempt: Attempt,
  families: readonly FamilyContent[],
): Steps<SortedFamilies> {
  const { group } = attempt;
  const known: FamilyContent[] = [];
  const fresh: FamilyContent[] = [];
  const isKnownGroup = group.families.length > 0 || group.claims.length > 0;
  for (const family of families) {
    const same = isKnownGroup ? findSame(state, attempt, family) : undefined;
    if (same === undefined) fresh.push(family);
    else {
      known.push(family);
      state.held.use(same, 1);
      attempt.families.set(same, family.bytes);
    }
    yield;
  }
  return { known, fresh };
}

/**
 * Holds what the group has already against what is under way, and against what else it may have: with
 * everything else it is in the store. Refuses the push for the first series that cannot be there.
 */
export function* checkKnown(
  state: StoreState,
  attempt: Attempt,
  known: readonly FamilyContent[],
): Steps<Deny | undefined> {
  const { group } = attempt;
  // Of what is in doubt some never was in the store with the rest, and cannot be.
  if (group.claims.length === 0 && !state.doubts.has(group.id)) return undefined;
  for (const family of known) {
    const refusal = yield* checkSeries(state, attempt, family);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Enters a family, or refuses the push for the first series that cannot be in the store. */
export function* enterFamily(
  state: StoreState,
  attempt: Attempt,
  family: FamilyContent,
): Steps<Deny | undefined> {
  const entered = holdFamily(state, attempt.group, family, family);
  attempt.families.set(entered, family.bytes);
  return yield* checkSeries(state, attempt, family, entered);
}

/** Series that are held against all others in one step. */
const AT_ONCE = 16;

/**
 * Holds the series of a family against all others.
 * @param entered - gets them, one by one, so that equal ones of its own are found; left out for a
 * family that is there already
 */
function* checkSeries(
  state: StoreState,
  attempt: Attempt,
  family: FamilyContent,
  entered?: HeldFamily,
): Steps<Deny | undefined> {
  const { identities } = family;
  const isItself = (other: HeldFamily): boolean =>
    entered === undefined && attempt.families.has(other) && isOf(state, other, family);
  const isPassed = (other: HeldFamily): boolean =>
    isItself(other) || isPassedOver(state, attempt, family, other);
  const findOther = createFinder(state, isPassed);
  for (let at = 0; at < identities.length; at += 2) {
    const high = identities[at] ?? 0;
    const low = identities[at + 1] ?? 0;
    const holder = findOther(high, low);
    if (holder !== undefined) return denyEqualHash(state, attempt.push, family, holder);
    if (entered !== undefined) {
      const { held, series } = state;
      held.setChain(entered, series.add(high, low, entered, held.chainOf(entered)));
    }
    if (at % (2 * AT_ONCE) === 0) yield;
  }
  return undefined;
}

function isOf({ held }: StoreState, family: HeldFamily, { name, type }: PushedFamily): boolean {
  const occupant = held.occupantOf(family);
  return occupant?.name === name && occupant.type === type;
}

/** The same family with the same series, if the group has it or it is on its way there. */
function findSame(
  state: StoreState,
  { heldOf }: Attempt,
  family: FamilyContent,
): HeldFamily | undefined {
  const occupants = state.index.get(family.name) ?? [];
  const occupant = occupants.find(({ name, type }) => name === family.name && type === family.type);
  const held = occupant && heldOf(occupant);
  return held?.find((other) => isSameContent(state, other, family));
}

/** Whether an equal hash does not matter: the push takes the place of what has it. */
function isPassedOver(
  { held }: StoreState,
  attempt: Attempt,
  pushed: PushedFamily,
  other: HeldFamily,
): boolean {
  return (
    held.groupOf(other) === attempt.group &&
    !attempt.families.has(other) &&
    excludes(attempt, pushed, other)
  );
}

/** Creates what finds, of one hash after the other, what has it and is not passed over. */
function createFinder(
  { series, held }: StoreState,
  isPassed: (other: HeldFamily) => boolean,
): (high: number, low: number) => HeldSeries | undefined {
  let found: HeldSeries | undefined;
  const visit = (holder: HeldSeries): boolean => {
    // What is of no family gives way to nothing.
    if (held.occupantOf(holder) !== undefined && isPassed(holder)) return false;
    found = holder;
    return true;
  };
  return (high, low) => {
    found = undefined;
    series.find(high, low, visit);
    return found;
  };
}

function denyEqualHash(
  state: StoreState,
  { team, target }: GroupPush,
  pushed: PushedFamily,
  other: HeldSeries,
): Deny {
  const group = state.held.groupOf(other);
  const occupant = state.held.occupantOf(other);
  const stored = occupant?.name ?? 'a time stamp or a metric of Pushgateway itself';
  const isOfTeam = group?.owned?.team === team;
  const holder = group && { id: group.id, key: keyOf(group), isOfTeam };
  const clash = { pushed, team, key: target.key, holder, stored };
  const isElsewhere = holder !== undefined && holder.id !== target.canonical;
  if (isElsewhere && occupant?.name === pushed.name && canShare(holder.key, target.key)) {
    return denyDuplicate(clash);
  }
  return denyCollision(clash);
}

/** Whether two groups can have the same series: their keys do not say different things. */
function canShare(a: GroupingKey, b: GroupingKey): boolean {
  const values = new Map(b.labels.map(({ name, value }) => [name, value]));
  return (
    a.job === b.job && a.labels.every(({ name, value }) => (values.get(name) ?? value) === value)
  );
}
