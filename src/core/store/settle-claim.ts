import { finish, type Steps } from '../steps.ts';
import { clearDoubt, noteDoubt, overtake } from './doubts.ts';
import type { GroupId } from './group.ts';
import type { GroupClaim, GroupPush, PushEnd } from './group-store.ts';
import {
  type HeldClaim,
  type HeldGroup,
  NOT_SETTLED,
  NOTHING,
  releaseFamily,
  removeClaim,
} from './held-group.ts';
import type { HeldFamily } from './held-table.ts';
import { type Attempt, replaces, startAttempt } from './push-attempt.ts';
import { change, isLong, nextStep, reserve, type StoreState, tidy } from './store-state.ts';

/** A push that is claimed. */
interface ClaimedPush {
  readonly push: GroupPush;
  readonly group: HeldGroup;
  readonly claim: HeldClaim;
}

/** @see `GroupStore.claim` */
export async function settlePush(
  state: StoreState,
  { push, group, claim }: ClaimedPush,
  end: PushEnd,
): Promise<void> {
  const replaced = claim.method === 'PUT' ? group.families.length : 0;
  const count = replaced + claim.families.size;
  if (end === 'stored' && !isLong(state, count) && isAgain(state, group, claim)) {
    settleAgain(state, { push, group, claim });
    return;
  }
  const attempt = startAttempt(push, group);
  await settle(state, group.id, count, settleInSteps(state, attempt, claim, end));
}

/** A few are looked for one by one, which takes microseconds where a group has thousands. */
const LOOKED_FOR = 16;

/** Whether a push leaves its group as it is, but for times, and nothing else is under way there. */
function isAgain({ held, works, isOver }: StoreState, group: HeldGroup, claim: HeldClaim): boolean {
  const { families, doubt } = claim;
  if (group.claims.length !== 1 || group.claims[0] !== claim || doubt !== undefined) return false;
  if (isOver || !group.exists || works.isOn(group.id)) return false;
  if (families.size === 0 || families.size > LOOKED_FOR || !hasAll(group, claim)) return false;
  for (const [family, bytes] of families) if (held.bytesOf(family) !== bytes) return false;
  return true;
}

/** The same as the steps of every other, for less. */
function settleAgain(state: StoreState, { push, group, claim }: ClaimedPush): void {
  removeClaim(group, claim);
  const step = nextStep(state);
  notePush(group, push);
  group.storedAt = step;
  keepAll(state, claim, step);
  clearDoubt(state.doubts, group.id);
  state.changed?.add(group.id);
  if (group.reserved !== NOTHING) reserve(group, NOTHING);
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
  yield* change(state, group, () => {
    removeOlder(group, begunAt, removed);
    overtake(group, 'order');
    if (group.exists) noteDoubt(state.doubts, id, 'order');
    else clearDoubt(state.doubts, id);
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
  const { group } = attempt;
  if (!removeClaim(group, claim)) return;
  if (end === 'refused' || state.isOver) {
    yield* tidy(state, group);
    yield* releaseAll(state, claim.families.keys());
    return;
  }
  const removed: HeldFamily[] = [];
  yield* change(state, group, () => {
    group.exists = true;
    removed.push(...ENDS[end](state, attempt, claim));
  });
  yield* releaseAll(state, removed);
}

/** What comes of a push in its group. @returns families that are no longer used */
type TakeEnd = (state: StoreState, attempt: Attempt, claim: HeldClaim) => readonly HeldFamily[];

const ENDS: Readonly<Record<Exclude<PushEnd, 'refused'>, TakeEnd>> = {
  rejected({ doubts }, { group, push }, { doubt, families }) {
    if (doubt !== undefined) noteDoubt(doubts, group.id, doubt);
    group.failedAt = push.at;
    return [...families.keys()];
  },
  unknown(state, { group, push }, claim) {
    notePush(group, push);
    keep(state, group, claim.families, NOT_SETTLED);
    if (claim.method === 'PUT') overtake(group, 'end');
    noteDoubt(state.doubts, group.id, 'end');
    return NO_FAMILIES;
  },
  stored(state, attempt, claim) {
    const { group, push } = attempt;
    const { doubts } = state;
    const step = nextStep(state);
    notePush(group, push);
    group.storedAt = step;
    if (claim.method === 'PUT') overtake(group, 'order');
    if (claim.families.size > 0 && hasAll(group, claim)) {
      keepAll(state, claim, step);
      if (claim.doubt === undefined) clearDoubt(doubts, group.id);
      return NO_FAMILIES;
    }
    const { removed, isLast } = removeReplaced(attempt, claim);
    keep(state, group, claim.families, step);
    const doubt = claim.doubt ?? (isLast ? undefined : 'order');
    if (doubt !== undefined) noteDoubt(doubts, group.id, doubt);
    else if (claim.method === 'PUT') clearDoubt(doubts, group.id);
    return removed;
  },
};

const NO_FAMILIES: readonly HeldFamily[] = [];

function notePush(group: HeldGroup, { at, credential }: GroupPush): void {
  group.pushedAt = at;
  if (group.credential !== credential) group.credential = credential; // mostly the same
  group.isTimeRead = false;
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
    update(state, family, bytes, settledAt);
    releaseFamily(state, family);
  }
}

/** Notes of a family that it was left as a push had it, at that step. */
function update(
  { held }: Pick<StoreState, 'held'>,
  family: HeldFamily,
  bytes: number,
  settledAt: number,
): void {
  held.setBytes(family, bytes);
  held.setSettledAt(family, Math.max(held.settledAt(family), settledAt));
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
  let isLast = true;
  group.families = group.families.filter((family) => {
    if (!replaces(attempt, family)) return true;
    const isRemoved = group.held.settledAt(family) < begunAt;
    if (isRemoved) removed.push(family);
    else isLast &&= families.has(family);
    return !isRemoved;
  });
  return { removed, isLast };
}

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
    update(state, family, bytes, settledAt);
    const isKnown = known === undefined ? before.includes(family) : known.has(family);
    if (isKnown) releaseFamily(state, family);
    else added.push(family);
  }
  if (added.length > 0) group.families = [...before, ...added];
}
