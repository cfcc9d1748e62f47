import { clearDoubt, overtake } from './doubts.ts';
import type { GroupPush } from './group-store.ts';
import { type HeldClaim, keepAll, removeClaim } from './held-claim.ts';
import { type HeldGroup, notePush } from './held-group.ts';
import { growthOfRepeats, isRepeated } from './repeated-push.ts';
import { nextStep, reserve, type StoreState } from './store-state.ts';

/**
 * Settles a push that leaves its group as it is, but for times and bytes, as does whatever else is
 * under way there: the same as the steps of every other, for less.
 * @returns whether it was one; nothing changed otherwise
 */
export function settleAgain(
  state: StoreState,
  push: GroupPush,
  group: HeldGroup,
  claim: HeldClaim,
): boolean {
  const { works, isOver, doubts } = state;
  if (isOver || works.isOn(group.id) || !isRepeated(group, claim.method)) return false;
  if (!removeClaim(group, claim)) return false;
  const step = nextStep(state);
  notePush(group, push);
  group.leftAt = Math.max(group.leftAt, step);
  if (claim.method === 'PUT') overtake(group, 'order');
  const added = keepAll(state, claim, step);
  if (group.owned !== undefined) group.owned.bytes += added;
  if (claim.doubt === undefined) clearDoubt(doubts, group.id);
  state.changed?.add(group.id);
  const { reserved } = group;
  // Where none of them adds anything, none does to a group that is as it was.
  if (added !== 0 || reserved.bytes !== 0) {
    reserve(group, growthOfRepeats(group, reserved.bytes - added));
  }
  return true;
}
