import type { FamilyContent } from '../exposition/push-content.ts';
import { findClashes } from './family-index.ts';
import type { GroupClaim, GroupPush } from './group-store.ts';
import { addClaim, type HeldClaim, type HeldGroup, isSameContent } from './held-group.ts';
import type { HeldFamily } from './held-table.ts';
import { settlePush } from './settle-claim.ts';
import { nextStep, type StoreState } from './store-state.ts';

/** Of so few families each is looked for in its group. */
const FEW = 16;

/**
 * Claims for the push of every next day: a few families that its group has exactly so, and nothing
 * else on its way there or in doubt. It ends in what the whole way would end in, for less.
 * @returns undefined for every other push: nothing changed
 */
export function claimAgain(state: StoreState, push: GroupPush): GroupClaim | undefined {
  const { method, content, target, isMove = false } = push;
  const group = state.groups.get(target.canonical);
  if (group === undefined || !group.exists || group.claims.length > 0 || isMove) return undefined;
  if (state.doubts.has(group.id)) return undefined;
  const families = findAll(state, group, content.families);
  if (families === undefined) return undefined;
  for (const family of families.keys()) state.held.use(family, 1);
  const begunAt = nextStep(state);
  const claim: HeldClaim = { method, families, isMove, begunAt, doubt: undefined };
  addClaim(group, claim);
  return { adopted: [], settle: (end) => settlePush(state, { push, group, claim }, end) };
}

/** What a group has, if that is all that a push brings, it does not grow, and no type is contested. */
function findAll(
  { held, index, series }: StoreState,
  group: HeldGroup,
  pushed: readonly FamilyContent[],
): ReadonlyMap<HeldFamily, number> | undefined {
  if (pushed.length > FEW || pushed.length !== group.families.length) return undefined;
  const found = new Map<HeldFamily, number>();
  let growth = 0;
  for (const family of pushed) {
    const same = group.families.find((one) => isSameContent({ held, series }, one, family));
    if (same === undefined || family.type === 'native_histogram') return undefined;
    if (findClashes(index, family).length > 0) return undefined;
    growth += family.bytes - held.bytesOf(same);
    found.set(same, family.bytes);
  }
  return growth > 0 || found.size < pushed.length || found.size === 0 ? undefined : found;
}
