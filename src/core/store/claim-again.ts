import { allow, type Decision } from '../decision.ts';
import type { FamilyContent } from '../exposition/push-content.ts';
import { checkGrowth } from './check-growth.ts';
import { hasClash } from './family-index.ts';
import type { GroupClaim, GroupPush } from './group-store.ts';
import { addClaim, createClaim } from './held-claim.ts';
import { type HeldGroup, isSameContent } from './held-group.ts';
import type { HeldFamily } from './held-table.ts';
import { bytesOf, isRepeated } from './repeated-push.ts';
import { settlePush } from './settle-claim.ts';
import { nextStep, reserve, type StoreState } from './store-state.ts';

/**
 * Claims for the push of every next day: a few families that its group has exactly so, and nothing
 * else on its way there but the same. It ends in what the whole way would end in, for less.
 * @returns undefined for every other push: nothing changed
 */
export function claimAgain(state: StoreState, push: GroupPush): Decision<GroupClaim> | undefined {
  const group = state.groups.get(push.target.canonical);
  if (group === undefined || push.isMove === true || !isRepeated(group, push.method)) {
    return undefined;
  }
  // Some of what is in doubt may be of one hash.
  if (state.doubts.size > 0 && state.doubts.has(group.id)) return undefined;
  const found = findAll(state, group, push.content.families);
  if (found === undefined) return undefined;
  const claim = createClaim(push, group.families, found, nextStep(state));
  const bytes = claim.totalBytes - bytesOf(group);
  if (bytes > group.reserved.bytes) {
    const expected = { groups: 0, series: 0, bytes };
    const exceeded = checkGrowth(group, push, expected);
    if (exceeded !== undefined) return exceeded;
    reserve(group, expected);
  }
  for (const family of group.families) state.held.use(family, 1);
  addClaim(group, claim);
  return allow({
    adopted: NONE_ADOPTED,
    settle: (end) => settlePush(state, push, group, claim, end),
  });
}

const NONE_ADOPTED: GroupClaim['adopted'] = [];

/** The bytes of what a group has, if that is all that a push brings, and no type is contested. */
function findAll(
  state: StoreState,
  { families }: HeldGroup,
  pushed: readonly FamilyContent[],
): readonly number[] | undefined {
  if (pushed.length !== families.length) return undefined;
  const bytes = new Array<number>(families.length).fill(NOT_FOUND);
  for (let index = 0; index < pushed.length; index += 1) {
    const family = pushed[index];
    if (family === undefined) return undefined;
    const at = findPlace(state, families, family, index);
    if (at === NOT_FOUND || bytes[at] !== NOT_FOUND) return undefined;
    if (family.type === 'native_histogram' || hasClash(state.index, family)) return undefined;
    bytes[at] = family.bytes;
  }
  return bytes;
}

const NOT_FOUND = -1;

/** Where a group has exactly a family that is pushed. @param first - where it mostly is */
function findPlace(
  state: StoreState,
  families: readonly HeldFamily[],
  pushed: FamilyContent,
  first: number,
): number {
  const there = families[first];
  if (there !== undefined && isSameContent(state, there, pushed)) return first;
  return families.findIndex((family) => isSameContent(state, family, pushed));
}
