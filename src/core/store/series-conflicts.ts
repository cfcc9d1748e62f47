import type { Deny } from '../decision.ts';
import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { GroupPush } from './group-store.ts';
import {
  addSeries,
  type HeldFamily,
  holdFamily,
  isSameContent,
  keyOf,
  stampsOf,
} from './held-group.ts';
import { type Attempt, excludes } from './push-attempt.ts';
import { denyCollision, denyDuplicate } from './refusals.ts';
import type { StoreState } from './store-state.ts';

/** Enters the time stamps of a new group, or refuses it for them. */
export function enterStamps(state: StoreState, { push, group }: Attempt): Deny | undefined {
  const identities = stampsOf(group);
  for (let at = 0; at < identities.length; at += 2) {
    const holder = findOther(state, identities[at] ?? 0, identities[at + 1] ?? 0, () => false);
    if (holder === undefined) continue;
    const pushed = { name: 'push_time_seconds', type: 'gauge' } as const;
    return denyEqualHash(state, push, pushed, holder);
  }
  addSeries(state, group.stamps, identities);
  return undefined;
}

/** Enters what the push brings, or refuses it for the first series that cannot be in the store. */
export function enterFamilies(
  state: StoreState,
  attempt: Attempt,
  families: readonly FamilyContent[],
): Deny | undefined {
  const { group } = attempt;
  const isKnownGroup = group.families.length > 0 || group.claims.length > 0;
  const others = families.filter((family) => {
    const same = isKnownGroup ? findSame(state, attempt, family) : undefined;
    if (same === undefined) return true;
    same.uses += 1;
    attempt.families.set(same, family.bytes);
    return false;
  });
  // What is there already is in the store with everything else, but not yet with what is under way.
  if (group.claims.length > 0) {
    const fresh = new Set(others);
    for (const family of families) {
      const refusal = fresh.has(family) ? undefined : checkSeries(state, attempt, family);
      if (refusal !== undefined) return refusal;
    }
  }
  for (const family of others) {
    const held = holdFamily(state, group, family, family);
    attempt.families.set(held, family.bytes);
    const refusal = checkSeries(state, attempt, family, held);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/**
 * Holds the series of a family against all others.
 * @param entered - gets them, one by one, so that equal ones of its own are found; left out for a
 * family that is there already
 */
function checkSeries(
  state: StoreState,
  attempt: Attempt,
  family: FamilyContent,
  entered?: HeldFamily,
): Deny | undefined {
  const { identities } = family;
  for (let at = 0; at < identities.length; at += 2) {
    const high = identities[at] ?? 0;
    const low = identities[at + 1] ?? 0;
    const isItself = (other: HeldFamily): boolean =>
      entered === undefined && attempt.families.has(other) && isOf(other, family);
    const holder = findOther(
      state,
      high,
      low,
      (other) => isItself(other) || isPassedOver(attempt, family, other),
    );
    if (holder !== undefined) return denyEqualHash(state, attempt.push, family, holder);
    if (entered !== undefined) {
      entered.chain = state.series.add(high, low, entered.holder, entered.chain);
    }
  }
  return undefined;
}

function isOf({ occupant }: HeldFamily, { name, type }: PushedFamily): boolean {
  return occupant?.name === name && occupant.type === type;
}

/** The same family with the same series, if the group has it or it is on its way there. */
function findSame(
  state: StoreState,
  { holdings }: Attempt,
  family: FamilyContent,
): HeldFamily | undefined {
  const occupants = state.index.get(family.name) ?? [];
  const occupant = occupants.find(({ name, type }) => name === family.name && type === family.type);
  const held = occupant && holdings().byOccupant.get(occupant);
  return held?.find((other) => isSameContent(state, other, family));
}

/** Whether an equal hash does not matter: the push takes the place of what has it. */
function isPassedOver(attempt: Attempt, pushed: PushedFamily, other: HeldFamily): boolean {
  return (
    other.group === attempt.group &&
    other.occupant !== undefined &&
    !attempt.families.has(other) &&
    excludes(attempt, pushed, other)
  );
}

/** What has a hash and is not passed over. */
function findOther(
  { series, holders }: StoreState,
  high: number,
  low: number,
  isPassed: (other: HeldFamily) => boolean,
): HeldFamily | undefined {
  let found: HeldFamily | undefined;
  series.find(high, low, (holder) => {
    const other = holders[holder];
    if (other === undefined || isPassed(other)) return false;
    found = other;
    return true;
  });
  return found;
}

function denyEqualHash(
  state: StoreState,
  { team, target }: GroupPush,
  pushed: PushedFamily,
  other: HeldFamily,
): Deny {
  const { group, occupant } = other;
  const stored = occupant?.name ?? 'a time stamp or a metric of Pushgateway itself';
  const holder = group && { id: group.id, key: keyOf(group) };
  const clash = { pushed, team, key: target.key, holder, stored };
  const isElsewhere = holder !== undefined && holder.id !== target.canonical;
  if (isElsewhere && occupant?.name === pushed.name && canShare(holder.key, target.key)) {
    return denyDuplicate(clash);
  }
  state.options.onCollision(team);
  return denyCollision(clash);
}

/** Whether two groups can have the same series: their keys do not say different things. */
function canShare(a: GroupingKey, b: GroupingKey): boolean {
  const values = new Map(b.labels.map(({ name, value }) => [name, value]));
  return (
    a.job === b.job && a.labels.every(({ name, value }) => (values.get(name) ?? value) === value)
  );
}
