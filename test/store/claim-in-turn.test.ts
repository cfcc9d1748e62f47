import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny } from '../../src/core/decision.ts';
import type { GroupClaim, GroupStore, PushEnd } from '../../src/core/store/group-store.ts';
import { createClaimInTurn } from '../../src/store/claim-in-turn.ts';
import { createGroupTurns } from '../../src/store/group-turns.ts';
import { createLeftBehind } from '../../src/store/left-behind.ts';
import { createStampCheck } from '../../src/store/stamp-check.ts';
import { allowed } from '../support/decision.ts';
import { createStore, groupPush } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';

const PUSH = groupPush('a', 'rows:gauge');
const { canonical: ID } = PUSH.target;

/** Claims of a model that answers like this, and whether its group is in use. */
function createStage(claimOfModel: GroupStore['claim'], isReadFirst = false) {
  const collisions: string[] = [];
  const clock = manualClock(0);
  const store = createStore();
  const turns = createGroupTurns(clock);
  const claim = createClaimInTurn({
    model: { claim: claimOfModel, group: (id) => store.group(id) },
    turns,
    leftBehind: createLeftBehind(),
    stampCheck: createStampCheck(store, clock),
    mayBeStale: () => isReadFirst,
    watchUpstream: () => () => true,
    read: async () => isReadFirst,
    onCollision: (team) => collisions.push(team),
  });
  return {
    collisions,
    claim: async () => await claim(PUSH),
    isInUse: () => turns.isInUse(ID),
  };
}

function claimThatSettles(settle: GroupClaim['settle']): GroupClaim {
  return { adopted: [], settle };
}

const BROKEN = { message: 'broken' };
const fail = (): never => {
  throw new Error('broken');
};
const WAYS = [
  ['at once', <T>(make: () => T): T => make()],
  ['later', async <T>(make: () => T): Promise<T> => make()],
] as const;

for (const [when, give] of WAYS) {
  test(`a group is in use until its claim, given ${when}, is settled`, async () => {
    const ends: PushEnd[] = [];
    const settled = (end: PushEnd) => give(() => void ends.push(end));
    const stage = createStage(() => give(() => allow(claimThatSettles(settled))));
    const claim = allowed(await stage.claim());
    assert.equal(stage.isInUse(), true);
    await claim.settle('stored');
    await claim.settle('refused');
    assert.deepEqual(ends, ['stored']);
    assert.equal(stage.isInUse(), false);
  });

  test(`a group is not in use for a push that is refused ${when}`, async () => {
    const stage = createStage(() => give(() => deny('inconsistent')));
    assert.equal((await stage.claim()).effect, 'deny');
    assert.equal(stage.isInUse(), false);
  });

  test(`a group is not in use for a claim that breaks ${when}`, async () => {
    const stage = createStage(() => give(fail));
    await assert.rejects(stage.claim(), BROKEN);
    assert.equal(stage.isInUse(), false);
  });

  test(`a group is not in use for a claim whose end breaks ${when}`, async () => {
    const stage = createStage(() => allow(claimThatSettles(() => give(fail))));
    const claim = allowed(await stage.claim());
    await assert.rejects(async () => await claim.settle('stored'), BROKEN);
    assert.equal(stage.isInUse(), false);
  });
}

for (const isReadFirst of [false, true]) {
  const what = isReadFirst ? ' though it was claimed again after a reading' : '';
  test(`a refusal for a collision of hashes is told once${what}`, async () => {
    const refusal = deny('inconsistent', { isCollision: true });
    const stage = createStage(async () => refusal, isReadFirst);
    assert.equal(await stage.claim(), refusal);
    assert.deepEqual(stage.collisions, [PUSH.team]);
  });
}
