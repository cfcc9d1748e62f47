import { finish, type Steps } from '../steps.ts';
import type { GroupId } from './group.ts';
import type { GroupClaim, PushEnd } from './group-store.ts';
import {
  type HeldClaim,
  type HeldFamily,
  type HeldGroup,
  NOT_SETTLED,
  releaseFamily,
  removeClaim,
} from './held-group.ts';
import { type Attempt, replaces } from './push-attempt.ts';
import { change, isLong, nextStep, type StoreState, tidy } from './store-state.ts';

/** @see `GroupStore.claim` */
export async function settlePush(
  state: StoreState,
  attempt: Attempt,
  claim: HeldClaim,
  end: PushEnd,
): Promise<void> {
  const { group } = attempt;
  const replaced = claim.method === 'PUT' ? group.families.length : 0;
  const count = replaced + claim.families.size;
  await settle(state, group.id, count, settleInSteps(state, attempt, claim, end));
}

/** @see `GroupStore.claimDelete` */
export function claimDeletion(state: StoreState, id: GroupId): GroupClaim {
  const begunAt = nextStep(state);
  let isSettled = false;
  return {
    adopted: [],
    async settle(end) {
      if (isSettled) return;
      isSettled = true;
      if (end === 'stored' || end === 'unknown') state.changed?.add(id);
      if (end !== 'stored') return;
      const count = state.groups.get(id)?.families.length ?? 0;
      await settle(state, id, count, deleteInSteps(state, id, begunAt));
    },
  };
}

/**
 * Lets a long work have its slices, and waits for one that is on the group.
 * @param count - families that may go or come
 */
async function settle(
  state: StoreState,
  id: GroupId,
  count: number,
  steps: Steps<void>,
): Promise<void> {
  const { works } = state;
  if (isLong(state, count)) {
    await works.end(id, steps);
    return;
  }
  if (works.isOn(id)) await works.whenOff(id);
  finish(steps);
}

function* deleteInSteps(state: StoreState, id: GroupId, begunAt: number): Steps<void> {
  const group = state.groups.get(id);
  if (group === undefined) return;
  const removed: HeldFamily[] = [];
  yield* change(state, group, () => removeOlder(group, begunAt, removed));
  yield* releaseAll(state, removed);
}

/** Takes out of a group what was settled before a deletion of it began. */
function removeOlder(group: HeldGroup, begunAt: number, removed: HeldFamily[]): void {
  group.families = group.families.filter((family) => {
    if (family.settledAt >= begunAt) return true;
    removed.push(family);
    return false;
  });
  if (group.families.length > 0 || group.storedAt >= begunAt) return;
  group.exists = false;
  group.pushedAt = undefined;
  group.failedAt = undefined;
}

function* settleInSteps(
  state: StoreState,
  attempt: Attempt,
  claim: HeldClaim,
  end: PushEnd,
): Steps<void> {
  const { group, push } = attempt;
  if (!removeClaim(group, claim)) return;
  if (end === 'refused' || state.isOver) {
    yield* tidy(state, group);
    yield* releaseAll(state, claim.families.keys());
    return;
  }
  const removed: HeldFamily[] = [];
  yield* change(state, group, () => {
    group.exists = true;
    if (end === 'rejected') {
      group.failedAt = push.at;
      removed.push(...claim.families.keys());
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
      removeReplaced(attempt, claim.begunAt, removed);
    }
    keep(state, group, claim.families, end === 'unknown' ? NOT_SETTLED : step);
  });
  yield* releaseAll(state, removed);
}

function* releaseAll(state: StoreState, families: Iterable<HeldFamily>): Steps<void> {
  for (const family of families) {
    releaseFamily(state, family);
    yield;
  }
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
function removeReplaced(attempt: Attempt, begunAt: number, removed: HeldFamily[]): void {
  const { group } = attempt;
  group.families = group.families.filter((family) => {
    if (family.settledAt >= begunAt || !replaces(attempt, family)) return true;
    removed.push(family);
    return false;
  });
}

/** A few are looked for one by one, which takes microseconds where a group has thousands. */
const LOOKED_FOR = 16;

/** Adds what a push left to its group; what the group has already is kept once. */
function keep(
  state: StoreState,
  group: HeldGroup,
  families: ReadonlyMap<HeldFamily, number>,
  settledAt: number,
): void {
  const before = group.families;
  const known = families.size > LOOKED_FOR ? new Set(before) : undefined;
  const added: HeldFamily[] = [];
  for (const [family, bytes] of families) {
    family.bytes = bytes;
    family.settledAt = Math.max(family.settledAt, settledAt);
    const isKnown = known === undefined ? before.includes(family) : known.has(family);
    if (isKnown) releaseFamily(state, family);
    else added.push(family);
  }
  if (added.length > 0) group.families = [...before, ...added];
}
