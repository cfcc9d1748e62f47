import { allow, type Decision, type Deny } from '../decision.ts';
import type { PushedFamily } from '../exposition/push-content.ts';
import { growthOfAll } from './group-growth.ts';
import type { GroupClaim, GroupPush, GroupTotals, PushEnd } from './group-store.ts';
import {
  addClaim,
  createGroup,
  type HeldClaim,
  type HeldFamily,
  type HeldGroup,
  NOT_SETTLED,
  releaseFamily,
  removeClaim,
} from './held-group.ts';
import { expectedTotals, findOldest } from './owned-groups.ts';
import { type Attempt, replaces, startAttempt } from './push-attempt.ts';
import { checkQuota } from './quota.ts';
import { denyClashes, denyNative } from './refusals.ts';
import { enterFamilies, enterStamps } from './series-conflicts.ts';
import { change, enterGroup, nextStep, reserve, type StoreState, tidy } from './store-state.ts';
import { resolveTypes } from './type-conflicts.ts';

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

  const { method } = push;
  const claim: HeldClaim = { method, families: attempt.families, begunAt: nextStep(state) };
  const expected = isFirst(group)
    ? growthOf(attempt)
    : growthOfAll(group, [...group.claims, claim]);
  const exceeded = checkGrowth(attempt, expected, push.at);
  if (exceeded !== undefined) return abandon(state, attempt, known, exceeded);
  const adopted = families.filter(({ type }, index) => type !== push.content.families[index]?.type);
  addClaim(group, claim);
  reserve(group, expected);
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

function isFirst({ claims }: HeldGroup): boolean {
  return claims.length === 0;
}

/** What a group grows by when the push is stored, if nothing else is on its way to it. */
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
  return {
    groups: group.exists ? 0 : 1,
    series: Math.max(0, series),
    bytes: Math.max(0, bytes),
  };
}

/** @param expected - what the group grows by with this push and with what is on its way to it */
function checkGrowth(
  { group, push }: Attempt,
  expected: GroupTotals,
  now: number,
): Deny | undefined {
  const { owned, reserved } = group;
  if (owned === undefined) return undefined;
  const growth = {
    groups: expected.groups - reserved.groups,
    series: expected.series - reserved.series,
    bytes: expected.bytes - reserved.bytes,
  };
  const oldest = owned.team === push.team ? () => findOldest(owned, now) : undefined;
  return checkQuota(expectedTotals(owned), growth, owned.quota, oldest, push.passes);
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
    group.pushedAt = push.at;
    group.credential = push.credential;
    if (end === 'stored') {
      group.storedAt = step;
      if (hasAll(group, claim)) {
        keepAll(state, claim, step);
        return;
      }
      removeReplaced(state, attempt, claim.begunAt);
    }
    keep(state, group, claim.families, end === 'unknown' ? NOT_SETTLED : step);
  });
}

/** Whether a group has what a push brought, and nothing else: the push of every next day. */
function hasAll(group: HeldGroup, { families }: HeldClaim): boolean {
  const { families: held } = group;
  return held.length === families.size && held.every((family) => families.has(family));
}

/** Leaves a group the families that it has; only their times change. */
function keepAll(state: StoreState, { families }: HeldClaim, settledAt: number): void {
  for (const [family, bytes] of families) {
    family.bytes = bytes;
    family.settledAt = Math.max(family.settledAt, settledAt);
    releaseFamily(state, family);
  }
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
