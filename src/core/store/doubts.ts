import type { GroupId } from './group.ts';
import type { Doubt } from './group-store.ts';
import type { HeldGroup } from './held-group.ts';

/** Groups of which more is noted than they may have, and such that may be deleted yet. */
export type Doubts = Map<GroupId, Doubt>;

/** What may change yet is not known again when the order is. */
export function noteDoubt(doubts: Doubts, id: GroupId, doubt: Doubt): void {
  if (doubts.get(id) !== 'end') doubts.set(id, doubt);
}

/** A later push or deletion has taken the place of whatever was in doubt for its order. */
export function clearDoubt(doubts: Doubts, id: GroupId): void {
  if (doubts.get(id) === 'order') doubts.delete(id);
}

/** Something ended that takes away what was pushed before it: what is under way may be that. */
export function overtake({ claims }: HeldGroup, doubt: Doubt): void {
  for (const claim of claims) if (claim.doubt !== 'end') claim.doubt = doubt;
}

/** That of what may change yet, if there is any. */
export function findDoubt(doubts: Doubts): Doubt | undefined {
  let found: Doubt | undefined;
  for (const doubt of doubts.values()) {
    if (doubt === 'end') return doubt;
    found = doubt;
  }
  return found;
}
