import type { MaybePromise } from '../maybe-promise.ts';
import { finish, type Steps } from '../steps.ts';
import { clearDoubt, noteDoubt, overtake } from './doubts.ts';
import type { GroupId } from './group.ts';
import type { GroupClaim, GroupPush, PushEnd } from './group-store.ts';
import { type HeldClaim, keepAll, keepFamily, removeClaim } from './held-claim.ts';
import { type HeldGroup, NOT_SETTLED, notePush, releaseFamily } from './held-group.ts';
import type { HeldFamily } from './held-table.ts';
import { type Attempt, replaces, startAttempt } from './push-attempt.ts';
import { settleAgain } from './settle-again.ts';
import { change, endUnchanged, isLong, nextStep, type StoreState } from './store-state.ts';

/** @see `GroupStore.claim` */
export function settlePush(
  state: StoreState,
  push: GroupPush,
  group: HeldGroup,
  claim: HeldClaim,
  end: PushEnd,
): MaybePromise<void> {
  const replaced = claim.method === 'PUT' ? group.families.length : 0;
  const count = replaced + claim.families.length;
  const isShort = end === 'stored' && !isLong(state, count);
  if (isShort && settleAgain(state, push, group, claim)) return;
  const attempt = startAttempt(push, group);
  return settle(state, group.id, count, settleInSteps(state, attempt, claim, end));
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
      if (end === 'unknown') doubtDeletion(state, id);
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
function settle(
  state: StoreState,
  id: GroupId,
  count: number,
  steps: Steps<void>,
): MaybePromise<void> {
  const { works } = state;
  if (isLong(state, count)) return works.end(id, steps);
  return works.isOn(id) ? works.whenOff(id).then(() => finish(steps)) : finish(steps);
}

function* deleteInSteps(state: StoreState, id: GroupId, begunAt: number): Steps<void> {
  const group = state.groups.get(id);
  if (group === undefined) return;
  const removed: HeldFamily[] = [];
  yield* change(state, group, () => {
    removeOlder(group, begunAt, removed);
    overtake(group, 'order');
    if (group.exists) noteDoubt(state.doubts, id, 'order');
    else clearDoubt(state.doubts, id);
    return true;
  });
  yield* releaseAll(state, removed);
}

/** Nobody knows whether a group was deleted, or will be, though it may come only now. */
function doubtDeletion(state: StoreState, id: GroupId): void {
  const group = state.groups.get(id);
  if (group !== undefined) overtake(group, 'end');
  noteDoubt(state.doubts, id, 'end');
}

/** Takes out of a group what was settled before a deletion of it began. */
function removeOlder(group: HeldGroup, begunAt: number, removed: HeldFamily[]): void {
  group.families = group.families.filter((family) => {
    if (group.held.settledAt(family) >= begunAt) return true;
    removed.push(family);
    return false;
  });
  if (group.families.length > 0 || group.leftAt >= begunAt) return;
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
  const { group } = attempt;
  if (!removeClaim(group, claim)) return;
  const isCounted = !claim.isMove;
  if (end === 'refused' || state.isOver) {
    yield* endUnchanged(state, group, isCounted);
    yield* releaseAll(state, claim.families);
    return;
  }
  const removed: HeldFamily[] = [];
  yield* change(state, group, () => {
    group.exists = true;
    removed.push(...ENDS[end](state, attempt, claim));
    return isCounted;
  });
  yield* releaseAll(state, removed);
}

/** What comes of a push in its group. @returns families that are no longer used */
type TakeEnd = (state: StoreState, attempt: Attempt, claim: HeldClaim) => readonly HeldFamily[];

const ENDS: Readonly<Record<Exclude<PushEnd, 'refused'>, TakeEnd>> = {
  rejected(state, { group, push }, { doubt, families }) {
    if (doubt !== undefined) noteDoubt(state.doubts, group.id, doubt);
    group.failedAt = push.at;
    group.leftAt = Math.max(group.leftAt, nextStep(state));
    return families;
  },
  unknown(state, { group, push }, claim) {
    notePush(group, push);
    group.leftAt = NOT_SETTLED;
    keep(state, group, claim, NOT_SETTLED);
    if (claim.method === 'PUT') overtake(group, 'end');
    noteDoubt(state.doubts, group.id, 'end');
    return NO_FAMILIES;
  },
  stored(state, attempt, claim) {
    const { group, push } = attempt;
    const { doubts } = state;
    const step = nextStep(state);
    notePush(group, push);
    group.leftAt = Math.max(group.leftAt, step);
    if (claim.method === 'PUT') overtake(group, 'order');
    if (claim.families.length > 0 && hasAll(group, claim)) {
      keepAll(state, claim, step);
      if (claim.doubt === undefined) clearDoubt(doubts, group.id);
      return NO_FAMILIES;
    }
    const { removed, isLast } = removeReplaced(attempt, claim);
    keep(state, group, claim, step);
    const doubt = claim.doubt ?? (isLast ? undefined : 'order');
    if (doubt !== undefined) noteDoubt(doubts, group.id, doubt);
    else if (claim.method === 'PUT') clearDoubt(doubts, group.id);
    return removed;
  },
};

const NO_FAMILIES: readonly HeldFamily[] = [];

function* releaseAll(state: StoreState, families: Iterable<HeldFamily>): Steps<void> {
  for (const family of families) {
    releaseFamily(state, family);
    yield;
  }
}

/** Whether a group has what a push brought, and nothing else: the push of every next day. */
function hasAll({ families: held }: HeldGroup, { families }: HeldClaim): boolean {
  if (held === families) return true;
  if (held.length !== families.length) return false;
  const brought = new Set(families);
  return held.every((family) => brought.has(family));
}

/** Takes out of a group what a push took the place of: what was settled before the push began. */
function removeReplaced(
  attempt: Attempt,
  { begunAt, families }: HeldClaim,
): {
  readonly removed: readonly HeldFamily[];
  /** Whether nothing is left that it may have taken the place of too. */
  readonly isLast: boolean;
} {
  const { group } = attempt;
  const removed: HeldFamily[] = [];
  const brought = new Set(families);
  let isLast = true;
  group.families = group.families.filter((family) => {
    if (!replaces(attempt, family)) return true;
    const isRemoved = group.held.settledAt(family) < begunAt;
    if (isRemoved) removed.push(family);
    else isLast &&= brought.has(family);
    return !isRemoved;
  });
  return { removed, isLast };
}

/** Adds what a push left to its group; what the group has already is kept once. */
function keep(
  state: StoreState,
  group: HeldGroup,
  { families, bytes, begunAt }: HeldClaim,
  settledAt: number,
): void {
  const before = group.families;
  const known = new Set(before);
  const added = families.filter((family, at) => {
    keepFamily(state, family, bytes[at] ?? 0, begunAt, settledAt);
    if (!known.has(family)) return true;
    releaseFamily(state, family);
    return false;
  });
  if (added.length > 0) group.families = before.length === 0 ? families : [...before, ...added];
}
