import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreReader } from '../../src/pipeline/ports/store-reader.ts';
import { createFollowedStore } from '../../src/store/follow-store.ts';
import type { StoreWatcher } from '../../src/store/shared-store.ts';
import { eventually } from '../support/eventually.ts';
import { createStore } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';

/** Follows a store that others have begin anew, and whose readings end on order. */
function openStage() {
  const clock = manualClock();
  let readings = 0;
  let reading = Promise.withResolvers<void>();
  const reader: StoreReader = {
    status: async () => ({
      startTime: '2026-11-22T16:19:12Z',
      date: undefined,
      keepsNative: true,
      checksConsistency: false,
    }),
    groups() {
      readings += 1;
      return reading.promise;
    },
    scrape: () => Promise.reject(new Error('nobody needs it here')),
    look: () => Promise.reject(new Error('nor this')),
    suspects: async () => [],
    contents: async () => [],
  };
  let watcher: StoreWatcher | undefined;
  const followed = createFollowedStore({
    store: createStore(),
    others: {
      watch(watching) {
        watcher = watching;
      },
    },
    clock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    observer: {
      probed: () => undefined,
      read: () => undefined,
      changedByOthers: () => undefined,
      scraped: () => undefined,
      collided: () => undefined,
    },
  });
  followed.readBy(reader);
  return {
    clock,
    followed,
    readings: () => readings,
    endReading() {
      reading.resolve();
      reading = Promise.withResolvers();
    },
    breakReading() {
      reading.reject(new Error('it is begun anew'));
      reading = Promise.withResolvers();
    },
    beginAnew: () => watcher?.begunAnew(),
  };
}

test('a store takes no pushes before its first reading, and goes on when others have it read anew', async () => {
  const { clock, followed, readings, endReading, beginAnew } = openStage();
  beginAnew(); // its own joining
  const first = followed.probe();
  assert.equal(followed.takesPushes(), false);
  await eventually('it is being read', () => readings() || undefined);
  endReading();
  await first;
  beginAnew();
  await eventually('it is read anew', () => !followed.isReady() || undefined);
  assert.equal(followed.takesPushes(), true);
  clock.advance(4900);
  beginAnew(); // once more, which is no reason to wait for longer
  assert.equal(followed.takesPushes(), true);
  clock.advance(200);
  assert.equal(followed.takesPushes(), false);
  endReading();
  await eventually('it was read anew', () => followed.takesPushes() || undefined);
});

test('a store that begins anew while it is read is read again at once', async () => {
  const { followed, readings, endReading, breakReading, beginAnew } = openStage();
  void followed.probe();
  await eventually('it is being read', () => readings() === 1 || undefined);
  beginAnew();
  breakReading();
  await eventually('it is read again', () => readings() === 2 || undefined, 5000);
  endReading();
  await eventually('it was read', () => followed.isReady() || undefined);
});
