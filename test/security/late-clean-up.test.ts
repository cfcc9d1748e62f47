import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadGroup } from '../../src/core/store/group-store.ts';
import type { StoreReader } from '../../src/pipeline/ports/store-reader.ts';
import { createFollowedStore } from '../../src/store/follow-store.ts';
import { claimed, createStore, groupId, groupPush } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';

/**
 * The attack: have a push refused by Pushgateway, so that the gateway deletes the group that it left
 * behind, while the push of somebody else to the same group waits for the store to be read. That
 * push was let through in the middle of the clean-up, answered 200, and deleted.
 */
test('a push that waited for a reading comes behind a clean-up of its group, not into it', async () => {
  const { reader, letRead } = createReader();
  const clock = manualClock();
  const nothing = () => undefined;
  const followed = createFollowedStore({
    store: createStore(),
    clock,
    log: { info: nothing, warn: nothing, error: nothing },
    observer: {
      probed: nothing,
      read: nothing,
      changedByOthers: nothing,
      scraped: nothing,
      collided: nothing,
    },
  });
  followed.readBy(reader);
  letRead([]);
  await followed.probe();

  const { store } = followed;
  await (await claimed(store, groupPush('b', 'rows:counter'))).settle('stored');
  const refused = await claimed(store, groupPush('a', 'other:gauge'));
  clock.advance(60_000);
  const events: string[] = [];
  // contradicts what is known of b, which somebody else has deleted
  const waiting = Promise.resolve(store.claim(groupPush('a', 'rows:gauge'))).then(({ effect }) => {
    events.push(effect);
  });
  await new Promise(setImmediate);
  await refused.settle('rejected');
  const tidied = followed.tidy(groupId('a'), async () => {
    events.push('deleted');
    return { kind: 'answered', status: 202, text: '', attempts: 1 };
  });
  letRead([]);
  await new Promise(setImmediate);
  letRead([LEFT_BEHIND]);
  await Promise.all([waiting, tidied]);
  assert.deepEqual(events, ['deleted', 'allow']);
});

const LEFT_BEHIND: ReadGroup = {
  id: groupId('a'),
  key: { job: 'a', labels: [] },
  families: [],
  pushedAt: undefined,
  failedAt: 1,
};

const EMPTY_SCRAPE = {
  status: 200,
  names: [],
  lines: new Map(),
  brokenHelp: [],
  own: '',
  error: '',
};

/** Reads what it is given, one reading after the other. */
function createReader() {
  const given: (readonly ReadGroup[])[] = [];
  const waiting: ((groups: readonly ReadGroup[]) => void)[] = [];
  const reader: StoreReader = {
    status: async () => ({ startTime: 'now', keepsNative: false, checksConsistency: false }),
    async groups(take) {
      const ready = given.shift();
      await take(ready ?? (await new Promise((resolve) => waiting.push(resolve))));
    },
    scrape: async () => EMPTY_SCRAPE,
    look: async () => EMPTY_SCRAPE,
    suspects: async () => [],
    contents: async () => [],
  };
  const letRead = (groups: readonly ReadGroup[]): void => {
    const next = waiting.shift();
    if (next === undefined) given.push(groups);
    else next(groups);
  };
  return { reader, letRead };
}
