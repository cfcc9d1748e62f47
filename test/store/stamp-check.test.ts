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
  const differs = (...times: readonly number[]): Promise<boolean> => scrape(...times).end();
  /** A push of ours that takes some time. */
  const push = (id: string, milliseconds = 0): void => {
    const end = check.notePush(id);
    clock.advance(milliseconds);
    end('stored');
  };
  return { store, clock, check, scrape, differs, push };
}

test('a push of ours explains the time that comes after it, once', async () => {
  const { push, clock, differs } = await openStage();
  assert.equal(await differs(1000), false);
  push(ID);
  clock.advance(15_000);
  assert.equal(await differs(1007), false);
  clock.advance(15_000);
  assert.equal(await differs(1007), false);
  assert.equal(await differs(1008), true, 'somebody else has pushed');
});

test('a push that was answered and not done when the scrape was made is no foreign one later', async () => {
  const { store, push, clock, differs } = await openStage();
  push(ID);
  await pushAll(store, groupPush('a', 'rows:gauge', { at: 1006 }));
  clock.advance(100);
  assert.equal(await differs(1000), false, 'not done yet');
  clock.advance(15_000);
  assert.equal(await differs(1007), false, 'done after that scrape');
  clock.advance(15_000);
  assert.equal(await differs(1008), true);
});

test('a group that the scrape lacks is noticed, unless it is too young or was deleted', async () => {
  const { store, check, clock, scrape, differs, push } = await openStage();
  assert.equal(await differs(), true);
  check.beginReading()();
  const younger = scrape(1000);
  await pushAll(store, groupPush('b', 'rows:gauge'));
  push(groupId('b'));
  assert.equal(await younger.end(), false, 'b came after the scrape was made');
  const older = scrape(1000);
  check.noteDelete(ID);
  await (await store.claimDelete(ID)).settle('stored');
  assert.equal(await older.end(), false, 'a went after it');
  clock.advance(1000);
  assert.equal(await differs(1000), false, 'Pushgateway has not come to delete a yet');
  clock.advance(15_000);
  assert.equal(await differs(1000), true, 'b is not there, and a is');
});

test('a group that came by nobody’s push through the gateway is noticed', async () => {
  const { store, differs } = await openStage();
  await pushAll(store, groupPush('c', 'rows:gauge'));
  assert.equal(await differs(1000), true);
});

test('what is different stays so until a reading that began later has ended well', async () => {
  const { check, clock, differs } = await openStage();
  const endEarlier = check.beginReading();
  assert.equal(await differs(1008), true);
  endEarlier();
  clock.advance(15_000);
  assert.equal(await differs(1008), true, 'that reading may have begun before');
  check.beginReading(); // one that fails
  assert.equal(await differs(1008), true);
  check.beginReading()();
  assert.equal(await differs(1008), false);
});

/** The upstream is ahead by 1000 s, and its answer that says so took no time. */
async function openDatedStage() {
  const stage = await openStage();
  const { check, clock } = stage;
  clock.advance(900);
  check.noteDate(1_000_000, clock.monotonic());
  assert.equal(await stage.differs(1000), false);
  return stage;
}

test('a time behind the end of a push of ours is somebody else’s', async () => {
  for (const [shown, isOther] of [
    [1_001_010, false],
    [1_001_200, true],
  ] as const) {
    const { clock, push, differs } = await openDatedStage();
    push(ID, 100);
    clock.advance(14_000);
    assert.equal(await differs(shown), isOther, `${shown}`);
  }
});

test('what is under way, or may come yet, can leave any time', async () => {
  for (const end of [undefined, 'unknown'] as const) {
    const { check, clock, differs } = await openDatedStage();
    const noteEnd = check.notePush(ID);
    clock.advance(100);
    if (end !== undefined) noteEnd(end);
    clock.advance(14_000);
    assert.equal(await differs(1_009_000), false, end ?? 'under way');
  }
});

test('times of pushes of ours tell more of the clock than dates', async () => {
  const { store, clock, check, push, differs } = await openDatedStage();
  push(ID, 10);
  clock.advance(15_000);
  assert.equal(await differs(1_000_005), false, 'it is ahead by 999 095 ms at most');
  push(ID, 10);
  check.noteDate(1_015_000, clock.monotonic());
  clock.advance(15_000);
  assert.equal(await differs(1_015_900), true);
  assert.equal(store.size(), 1);
});
