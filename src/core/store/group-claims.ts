import { allow, type Decision, type Deny } from '../decision.ts';
import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import { findClashes, type Occupant } from './family-index.ts';
import type { GroupClaim, GroupPush, GroupTotals, PushEnd } from './group-store.ts';
import {
  addClaim,
  addSeries,
  createGroup,
  type HeldClaim,
  type HeldFamily,
  type HeldGroup,
  holdFamily,
  isSameContent,
  NOT_SETTLED,
  releaseFamily,
  removeClaim,
  stampsOf,
} from './held-group.ts';
import { expectedTotals, findOldest } from './owned-groups.ts';
import { checkQuota } from './quota.ts';
import {
  type Clash,
  denyClashes,
  denyCollision,
  denyDuplicate,
  denyNative,
  MOST_CLASHES,
} from './refusals.ts';
import { change, enterGroup, nextStep, reserve, type StoreState, tidy } from './store-state.ts';

/** A push that is being held against the store. */
interface Attempt {
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

/** @see `GroupStore.claim` */
export function claimPush(state: StoreState, push: GroupPush): Decision<GroupClaim> {
  const native = state.keepsNative ? undefined : push.content.families.find(isNative);
  if (native !== undefined) return denyNative(native);
  const known = state.groups.get(push.target.canonical);
  const group = known ?? createGroup(state, push.target.canonical, push.target.key);
  const attempt = startAttempt(push, group);
  const { families, clashes } = resolveTypes(state, attempt);
  const refusal =
    (clashes.length > 0 && denyClashes(clashes)) ||
    (known === undefined && enterStamps(state, attempt)) ||
    enterFamilies(state, attempt, families);
  if (refusal) return abandon(state, attempt, known, refusal);
  if (known === undefined) enterGroup(state, group);

  const growth = growthOf(attempt);
  const exceeded = checkGrowth(attempt, growth, push.at);
  if (exceeded !== undefined) return abandon(state, attempt, known, exceeded);
  const adopted = families.filter(({ type }, index) => type !== push.content.families[index]?.type);
  const { method } = push;
  const claim: HeldClaim = { method, families: attempt.families, begunAt: nextStep(state), growth };
  addClaim(group, claim);
  reserve(group);
  return allow({ adopted, settle: async (end) => settlePush(state, attempt, claim, end) });
}

/** @see `GroupStore.claimDelete` */
export function claimDeletion(state: StoreState, id: string): GroupClaim {
  const begunAt = nextStep(state);
  let isSettled = false;
  return {
    adopted: [],
    async settle(end) {
      if (isSettled) return;
      isSettled = true;
      if (end === 'stored' || end === 'unknown') state.changed?.add(id);
      const group = state.groups.get(id);
      if (end !== 'stored' || group === undefined) return;
      change(state, group, () => removeOlder(state, group, begunAt));
    },
  };
}

/** Takes out of a group what was settled before a deletion of it began. */
function removeOlder(state: StoreState, group: HeldGroup, begunAt: number): void {
  group.families = group.families.filter((family) => {
    if (family.settledAt >= begunAt) return true;
    releaseFamily(state, family);
    return false;
  });
  if (group.families.length > 0 || group.storedAt >= begunAt) return;
  group.exists = false;
  group.pushedAt = undefined;
  group.failedAt = undefined;
}

function startAttempt(push: GroupPush, group: HeldGroup): Attempt {
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
function replaces({ push, names }: Attempt, { occupant }: HeldFamily): boolean {
  return push.method === 'PUT' || names().has(occupant?.name ?? '');
}

/**
 * Whether a family of the push and one that its group holds are never in the store at the same time.
 * Of the same name the later takes the place of the earlier. Of another name, what is under way with
 * the push must take its place too, as nobody knows which comes first.
 */
function excludes(attempt: Attempt, pushed: PushedFamily, held: HeldFamily): boolean {
  if (held.occupant?.name === pushed.name) return true;
  const holding = attempt.holdings().byFamily.get(held);
  if (holding === undefined) return false;
  const isReplaced =
    !holding.isStored || (held.settledAt !== NOT_SETTLED && replaces(attempt, held));
  const { method } = attempt.push;
  return isReplaced && holding.claims.every((claim) => method === 'PUT' && claim.method === 'PUT');
}

/** The families with the types that they get, and what is in their way. */
function resolveTypes(
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

/** Enters the time stamps of a new group, or refuses it for them. */
function enterStamps(state: StoreState, { push, group }: Attempt): Deny | undefined {
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
function enterFamilies(
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
  const clash = { pushed, team, key: target.key, holder: group, stored };
  const isElsewhere = group !== undefined && group.id !== target.canonical;
  if (isElsewhere && occupant?.name === pushed.name && canShare(group.key, target.key)) {
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

/** Takes back what was entered of a push that is refused. */
function abandon(
  state: StoreState,
  { group, families }: Attempt,
  known: HeldGroup | undefined,
  refusal: Deny,
): Deny {
  for (const family of families.keys()) releaseFamily(state, family);
  if (known !== undefined) return refusal;
  releaseFamily(state, group.stamps);
  state.groups.delete(group.id);
  return refusal;
}

/** What a group grows by when the push is stored. */
function growthOf(attempt: Attempt): GroupTotals {
  const { group, families } = attempt;
  let series = 0;
  let bytes = 0;
  for (const [family, pushed] of families) {
    series += family.series;
    bytes += pushed;
  }
  for (const family of group.families) {
    if (!replaces(attempt, family)) continue;
    series -= family.series;
    bytes -= family.bytes;
  }
  return { groups: group.exists ? 0 : 1, series, bytes };
}

function checkGrowth({ group, push }: Attempt, growth: GroupTotals, now: number): Deny | undefined {
  const { owned, reserved } = group;
  if (owned === undefined) return undefined;
  const expected = expectedTotals(owned);
  const others = {
    groups: expected.groups - reserved.groups,
    series: expected.series - reserved.series,
    bytes: expected.bytes - reserved.bytes,
  };
  return checkQuota(others, growth, owned.quota, () => findOldest(owned, now), push.passes);
}

function settlePush(state: StoreState, attempt: Attempt, claim: HeldClaim, end: PushEnd): void {
  const { group, push } = attempt;
  if (!removeClaim(group, claim)) return;
  if (end === 'refused') {
    for (const family of claim.families.keys()) releaseFamily(state, family);
    tidy(state, group);
    return;
  }
  change(state, group, () => {
    group.exists = true;
    if (end === 'rejected') {
      group.failedAt = push.at;
      for (const family of claim.families.keys()) releaseFamily(state, family);
      return;
    }
    const step = nextStep(state);
    if (end === 'stored') {
      group.storedAt = step;
      removeReplaced(state, attempt, claim.begunAt);
    }
    group.pushedAt = push.at;
    group.credential = push.credential;
    keep(state, group, claim.families, end === 'unknown' ? NOT_SETTLED : step);
  });
}

/** Takes out of a group what a push took the place of: what was settled before the push began. */
function removeReplaced(state: StoreState, attempt: Attempt, begunAt: number): void {
  const { group } = attempt;
  group.families = group.families.filter((family) => {
    if (family.settledAt >= begunAt || !replaces(attempt, family)) return true;
    releaseFamily(state, family);
    return false;
  });
}

/** Adds what a push left to its group; what the group has already is kept once. */
function keep(
  state: StoreState,
  group: HeldGroup,
  families: ReadonlyMap<HeldFamily, number>,
  settledAt: number,
): void {
  const before = new Set(group.families);
  const added: HeldFamily[] = [];
  for (const [family, bytes] of families) {
    family.bytes = bytes;
    family.settledAt = Math.max(family.settledAt, settledAt);
    if (before.has(family)) releaseFamily(state, family);
    else added.push(family);
  }
  if (added.length > 0) group.families = [...group.families, ...added];
}

function isNative({ type }: PushedFamily): boolean {
  return type === 'native_histogram';
}
