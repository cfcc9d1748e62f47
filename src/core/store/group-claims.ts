import { allow, type Decision, type Deny } from '../decision.ts';
import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { finish, type Steps } from '../steps.ts';
import { checkGrowth } from './check-growth.ts';
import { claimAgain } from './claim-again.ts';
import { growthWith } from './group-growth.ts';
import type { GroupClaim, GroupPush, GroupTotals } from './group-store.ts';
import { addClaim, claimFamilies, type HeldClaim } from './held-claim.ts';
import {
  createGroup,
  type HeldGroup,
  NOTHING,
  releaseFamily,
  releaseSeries,
  totalsOf,
} from './held-group.ts';
import { type Attempt, replaces, startAttempt } from './push-attempt.ts';
import { denyClashes, denyNative } from './refusals.ts';
import { checkKnown, enterFamily, enterStamps, sortFamilies } from './series-conflicts.ts';
import { settlePush } from './settle-claim.ts';
import { enterGroup, isLong, nextStep, reserve, type StoreState } from './store-state.ts';
import { type ResolvedTypes, resolveAgain, resolveTypes } from './type-conflicts.ts';

/** @see `GroupStore.claim` */
export function claimPush(state: StoreState, push: GroupPush): MaybePromise<Decision<GroupClaim>> {
  const { works } = state;
  const id = push.target.canonical;
  if (isLong(state, countSeries(push))) return works.begin(id, claimInSteps(state, push, true));
  return works.isOn(id)
    ? works.whenOff(id).then(() => claimAtOnce(state, push))
    : claimAtOnce(state, push);
}

function claimAtOnce(state: StoreState, push: GroupPush): MaybePromise<Decision<GroupClaim>> {
  const decision = claimAgain(state, push) ?? finish(claimInSteps(state, push, false));
  if (decision.effect === 'allow' || !state.works.isUnderWay()) return decision;
  // What it was refused for may be half of a push that will be refused itself.
  return state.works.alone(() => finish(claimInSteps(state, push, false)));
}

/** Those that are held against all others; a family has one at least. */
function countSeries({ content }: GroupPush): number {
  let series = 0;
  for (const { identities } of content.families) series += identities.length / 2;
  return series;
}

/** @param isInterrupted - whether others go on between the steps */
function* claimInSteps(
  state: StoreState,
  push: GroupPush,
  isInterrupted: boolean,
): Steps<Decision<GroupClaim>> {
  const native = state.keepsNative ? undefined : push.content.families.find(isNative);
  if (native !== undefined) return denyNative(native);
  const known = state.groups.get(push.target.canonical);
  const group = known ?? createGroup(state, push.target.canonical, push.target.key);
  const attempt = startAttempt(push, group);
  yield* attempt.prepare();
  const resolved = yield* resolveTypes(state, attempt);
  if (resolved.clashes.length > 0) {
    return yield* abandon(state, attempt, known, denyClashes(resolved.clashes));
  }
  const stamps = known === undefined ? enterStamps(state, attempt) : undefined;
  if (stamps !== undefined) return yield* abandon(state, attempt, known, stamps);
  const entered = yield* enterAll(state, attempt, resolved, isInterrupted);
  if (entered.effect === 'deny') return yield* abandon(state, attempt, known, entered);

  const { isMove = false } = push;
  const claim = claimFamilies(push, group, attempt.families, nextStep(state));
  const expected = isMove ? NOTHING : yield* expect(state, attempt, claim);
  // From here to the end in one go: what was entered becomes a claim.
  if (known === undefined) enterGroup(state, group);
  const exceeded = isMove ? undefined : checkGrowth(group, push, expected);
  if (exceeded !== undefined) return yield* abandon(state, attempt, known, exceeded);
  addClaim(group, claim);
  reserve(group, expected);
  const settle: GroupClaim['settle'] = (end) => settlePush(state, push, group, claim, end);
  return allow({ adopted: entered.value, settle });
}

/** Enters what a push brings, or refuses it; allowed with the families whose type was adopted. */
function* enterAll(
  state: StoreState,
  attempt: Attempt,
  { families, sentAs }: ResolvedTypes,
  isInterrupted: boolean,
): Steps<Decision<readonly FamilyContent[]>> {
  const { known, fresh } = yield* sortFamilies(state, attempt, families);
  const refusal = yield* checkKnown(state, attempt, known);
  if (refusal !== undefined) return refusal;
  const adopted = known.filter((family) => sentAs.has(family));
  for (const family of fresh) {
    const sent = sentAs.get(family) ?? family;
    const again = isInterrupted ? resolveAgain(state, attempt, sent) : family;
    if ('stored' in again) return denyClashes([again]);
    const denied = yield* enterFamily(state, attempt, again);
    if (denied !== undefined) return denied;
    if (again.type !== sent.type) adopted.push(again);
  }
  return allow(adopted);
}

/** Takes back what was entered of a push that is refused. */
function* abandon(
  state: StoreState,
  { group, families }: Attempt,
  known: HeldGroup | undefined,
  refusal: Deny,
): Steps<Deny> {
  for (const family of families.keys()) {
    releaseFamily(state, family);
    yield;
  }
  if (known !== undefined) return refusal;
  releaseSeries(state, group.stamps);
  state.groups.delete(group.id);
  return refusal;
}

/** What a group grows by at most with what is on its way to it and with one more push. */
function* expect(state: StoreState, attempt: Attempt, claim: HeldClaim): Steps<GroupTotals> {
  const { group } = attempt;
  const isInDoubt = state.doubts.has(group.id);
  if (group.claims.length === 0 && !isInDoubt) return growthOf(attempt);
  return yield* growthWith({ group, noted: totalsOf(group), isInDoubt }, claim);
}

/** The same where nothing else is on its way and nothing in doubt. */
function growthOf(attempt: Attempt): GroupTotals {
  const { group, families } = attempt;
  const { held, reserved } = group;
  let series = 0;
  let bytes = 0;
  for (const [family, pushed] of families) {
    series += held.seriesOf(family);
    bytes += pushed;
  }
  const mostBytes = reserved.bytes + bytes;
  for (const family of group.families) {
    if (!replaces(attempt, family)) continue;
    series -= held.seriesOf(family);
    bytes -= held.bytesOf(family);
  }
  return {
    groups: group.exists ? 0 : 1,
    series: Math.max(0, series),
    bytes: Math.max(reserved.bytes, Math.min(mostBytes, bytes)),
  };
}

function isNative({ type }: PushedFamily): boolean {
  return type === 'native_histogram';
}
