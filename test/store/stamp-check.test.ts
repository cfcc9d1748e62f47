import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStampCheck, type StampCheck } from '../../src/store/stamp-check.ts';
import { createStore, groupId, groupPush, pushAll } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';

const ID = groupId('a');

/** A store with one group, and the times that scrapes show of it. */
async function openStage() {
  const store = createStore();
  await pushAll(store, groupPush('a', 'rows:gauge', { at: 1000 }));
  const clock = manualClock();
  const check = createStampCheck(store, clock);
  return { store, clock, check, differs: (...times: readonly number[]) => scrape(check, times) };
}

/** Whether a scrape that shows the group with one time, or not at all, is somebody else's doing. */
function scrape(check: StampCheck, times: readonly number[]): boolean {
  const comparison = check.begin();
  comparison.add(times.map((pushedAt) => ({ id: ID, pushedAt, failedAt: 0 })));
  return comparison.differs();
}

test('a push of ours explains the time that comes after it, once', async () => {
  const { check, clock, differs } = await openStage();
  assert.equal(differs(1000), false);
  check.notePush(ID);
  clock.advance(15_000);
  assert.equal(differs(1007), false);
  clock.advance(15_000);
  assert.equal(differs(1007), false);
  assert.equal(differs(1008), true, 'somebody else has pushed');
});

test('a push that was answered and not done when the scrape was made is no foreign one later', async () => {
  const { store, check, clock, differs } = await openStage();
  check.notePush(ID);
  await pushAll(store, groupPush('a', 'rows:gauge', { at: 1006 }));
  clock.advance(100);
  assert.equal(differs(1000), false, 'not done yet');
  clock.advance(15_000);
  assert.equal(differs(1007), false, 'done after that scrape');
  clock.advance(15_000);
  assert.equal(differs(1008), true);
});

test('a group that the scrape lacks is noticed, unless it is too young or was deleted', async () => {
  const { store, check, clock, differs } = await openStage();
  assert.equal(differs(), true);
  clock.advance(15_000);
  const comparison = check.begin();
  comparison.add([{ id: ID, pushedAt: 1000, failedAt: 0 }]);
  await pushAll(store, groupPush('b', 'rows:gauge'));
  check.notePush(groupId('b'));
  assert.equal(comparison.differs(), false, 'b came after the scrape was made');
  check.noteDelete(ID);
  await (await store.claimDelete(ID)).settle('stored');
  assert.equal(comparison.differs(), false, 'a went after it');
  await (await store.claimDelete(groupId('b'))).settle('stored');
  await pushAll(store, groupPush('c', 'rows:gauge'));
  assert.equal(comparison.differs(), true, 'nobody has pushed c through the gateway');
});
