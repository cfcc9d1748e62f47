import { allow, type Decision, type Deny } from '../decision.ts';
import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import { findClashes, type Occupant } from './family-index.ts';
import type { GroupClaim, GroupPush, GroupTotals, PushEnd } from './group-store.ts';
import {
  addSeries,
  createGroup,
  type HeldClaim,
  type HeldFamily,
  type HeldGroup,
  holdFamily,
  isSameContent,
  releaseFamily,
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
  /** What the group has and what is on its way to it, by family. */
  readonly holdings: () => ReadonlyMap<Occupant, readonly HeldFamily[]>;
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
  const claim: HeldClaim = { families: attempt.families, begunAt: nextStep(state), growth };
  group.claims.push(claim);
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
    holdings: once(() => {
      const held = new Map<Occupant, HeldFamily[]>();
      const all = [group.families, ...group.claims.map(({ families }) => [...families.keys()])];
      for (const family of new Set(all.flat())) {
        if (family.occupant === undefined) continue;
        const others = held.get(family.occupant);
        if (others === undefined) held.set(family.occupant, [family]);
        else others.push(family);
      }
      return held;
    }),
  };
}

/** A push can have thousands of families: a list is gone through once, not for each. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Whether a push takes the place of a family that its group has. */
function replaces({ push, names }: Attempt, { occupant }: HeldFamily): boolean {
  return push.method === 'PUT' || names().has(occupant?.name ?? '');
}

/** The families with the types that they get, and what is in their way. */
function resolveTypes(
  state: StoreState,
  attempt: Attempt,
): { families: readonly FamilyContent[]; clashes: readonly Clash[] } {
  const clashes: Clash[] = [];
  const { team } = attempt.push;
  const families = attempt.push.content.families.map((family) => {
    const inTheWay = findClashes(state.index, family).filter(
      (occupant) => !givesWay(attempt, occupant),
    );
    const [stored] = inTheWay;
    if (stored === undefined) return family;
    if (inTheWay.length === 1 && canAdopt(family, stored)) return { ...family, type: stored.type };
    const isSaid = clashes.length < MOST_CLASHES;
    const group = isSaid ? findGroupOf(state, team, stored) : undefined;
    clashes.push({ pushed: family, stored, isOwn: isOwn(state, stored), group });
    return family;
  });
  return { families, clashes };
}

/** Whether all that have a family are of the group, and the push takes their place. */
function givesWay(attempt: Attempt, occupant: Occupant): boolean {
  const held = attempt.holdings().get(occupant) ?? [];
  return held.length === occupant.holders && held.every((family) => replaces(attempt, family));
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
  const { push, group } = attempt;
  const isKnownGroup = group.families.length > 0 || group.claims.length > 0;
  const others = families.filter((family) => {
    const same = isKnownGroup ? findSame(state, attempt, family) : undefined;
    if (same === undefined) return true;
    same.uses += 1;
    attempt.families.set(same, family.bytes);
    return false;
  });
  for (const family of others) {
    const held = holdFamily(state, group, family, family);
    attempt.families.set(held, family.bytes);
    const { identities } = family;
    for (let at = 0; at < identities.length; at += 2) {
      const high = identities[at] ?? 0;
      const low = identities[at + 1] ?? 0;
      const holder = findOther(state, high, low, (other) => isPassedOver(attempt, other));
      if (holder !== undefined) return denyEqualHash(state, push, family, holder);
      held.chain = state.series.add(high, low, held.holder, held.chain);
    }
  }
  return undefined;
}

/** What is there already needs no other check: it is in the store with everything else. */
function findSame(
  state: StoreState,
  { holdings }: Attempt,
  family: FamilyContent,
): HeldFamily | undefined {
  const occupants = state.index.get(family.name) ?? [];
  const occupant = occupants.find(({ name, type }) => name === family.name && type === family.type);
  const held = occupant && holdings().get(occupant);
  return held?.find((other) => isSameContent(state, other, family));
}

/** Whether an equal hash does not matter: the push takes the place of what has it. */
function isPassedOver(attempt: Attempt, other: HeldFamily): boolean {
  return (
    other.group === attempt.group &&
    other.occupant !== undefined &&
    !attempt.families.has(other) &&
    replaces(attempt, other)
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
  const place = group.claims.indexOf(claim);
  if (place === -1) return;
  group.claims.splice(place, 1);
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
    keep(state, group, claim.families, end === 'unknown' ? Number.POSITIVE_INFINITY : step);
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
  for (const [family, bytes] of families) {
    family.bytes = bytes;
    family.settledAt = Math.max(family.settledAt, settledAt);
    if (before.has(family)) releaseFamily(state, family);
    else group.families.push(family);
  }
}

function isNative({ type }: PushedFamily): boolean {
  return type === 'native_histogram';
}
