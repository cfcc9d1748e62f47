import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStampMemory } from '../../src/core/store/stamp-memory.ts';
import { createStampCheck } from '../../src/store/stamp-check.ts';
import { createStore, groupId, groupPush, pushAll } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';

const ID = groupId('a');
const LABELS = 'instance="",job="a"';

/** A store with one group, and the times that scrapes show of it. */
async function openStage() {
  const store = createStore();
  await pushAll(store, groupPush('a', 'rows:gauge', { at: 1000 }));
  const clock = manualClock();
  const check = createStampCheck(store, clock);
  const memory = createStampMemory();
  /** A scrape that shows the group with one time, or not at all. */
  const scrape = (...times: readonly number[]) => {
    const comparison = check.begin();
    memory.begin();
    for (const pushedAt of times) memory.note(LABELS, 'pushedAt', pushedAt);
    for (const changes of memory.end()) comparison.add(changes);
    return comparison;
  };
  /** Whether it is somebody else's doing. */
  const differs = (...times: readonly number[]): boolean => scrape(...times).end();
  return { store, clock, check, scrape, differs };
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
  const { store, check, clock, scrape, differs } = await openStage();
  assert.equal(differs(), true);
  check.beginReading()();
  const younger = scrape(1000);
  await pushAll(store, groupPush('b', 'rows:gauge'));
  check.notePush(groupId('b'));
  assert.equal(younger.end(), false, 'b came after the scrape was made');
  const older = scrape(1000);
  check.noteDelete(ID);
  await (await store.claimDelete(ID)).settle('stored');
  assert.equal(older.end(), false, 'a went after it');
  clock.advance(1000);
  assert.equal(differs(1000), false, 'Pushgateway has not come to delete a yet');
  clock.advance(15_000);
  assert.equal(differs(1000), true, 'b is not there, and a is');
});

test('a group that came by nobody’s push through the gateway is noticed', async () => {
  const { store, differs } = await openStage();
  await pushAll(store, groupPush('c', 'rows:gauge'));
  assert.equal(differs(1000), true);
});

test('what is different stays so until a reading that began later has ended well', async () => {
  const { check, clock, differs } = await openStage();
  const endEarlier = check.beginReading();
  assert.equal(differs(1008), true);
  endEarlier();
  clock.advance(15_000);
  assert.equal(differs(1008), true, 'that reading may have begun before');
  check.beginReading(); // one that fails
  assert.equal(differs(1008), true);
  check.beginReading()();
  assert.equal(differs(1008), false);
});
