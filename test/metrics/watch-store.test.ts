import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { watchStore } from '../../src/metrics/watch-store.ts';
import { createStore, groupPush, pushAll } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';
import { teamSpec } from '../support/team-spec.ts';

const PUSHED_AT = 1_700_000_000_000;

/** The lines of one metric. */
function linesOf(exposition: string, name: string): readonly string[] {
  return exposition.split('\n').filter((line) => line.startsWith(`${name}{`));
}

test('what teams own and may own is looked at when the metrics are read', async () => {
  const store = createStore();
  const owner = { name: 'payments', quota: {} };
  await store.assignOwners({ ownerOf: () => owner });
  const teams = [teamSpec(), teamSpec({ name: 'grafana', allow: ['read'] })];
  const clock = manualClock();
  const registry = createMetricsRegistry();
  watchStore(registry, () => ({ teams, store }), clock);
  const before = await registry.render();
  assert.deepEqual(linesOf(before, 'pushwarden_groups'), ['pushwarden_groups{team="payments"} 0']);
  assert.deepEqual(linesOf(before, 'pushwarden_group_oldest_push_timestamp_seconds'), []);

  await pushAll(
    store,
    groupPush('a', 'rows:gauge', { at: PUSHED_AT + 5000 }),
    groupPush('b', 'rows:gauge', { at: PUSHED_AT }),
  );
  clock.advance(60_000);
  const after = await registry.render();
  assert.deepEqual(linesOf(after, 'pushwarden_groups'), ['pushwarden_groups{team="payments"} 2']);
  assert.match(after, /^pushwarden_series\{team="payments"\} \d+$/m);
  assert.match(after, /^pushwarden_bytes\{team="payments"\} \d+$/m);
  assert.equal(linesOf(after, 'pushwarden_quota').length, 3);
  assert.deepEqual(linesOf(after, 'pushwarden_group_oldest_push_timestamp_seconds'), [
    `pushwarden_group_oldest_push_timestamp_seconds{team="payments"} ${PUSHED_AT / 1000}`,
  ]);
});

test('after a restart a team is known to have pushed before it', async () => {
  const store = createStore();
  const owner = { name: 'payments', quota: {} };
  await store.assignOwners({ ownerOf: () => owner });
  const registry = createMetricsRegistry();
  const { metrics } = registry;
  const clock = manualClock();
  const view = () => ({ teams: [teamSpec()], store });
  watchStore(registry, view, clock);
  const lastPush = async (): Promise<readonly string[]> =>
    linesOf(await registry.render(), 'pushwarden_team_last_push_timestamp_seconds');
  assert.deepEqual(await lastPush(), [], 'the store was not read yet');

  using reading = store.startReading();
  const groups = ['/metrics/job/a', '/metrics/job/b'].map((id, at) => ({
    ...{ id, key: { job: id.slice(-1), labels: [] }, families: [], failedAt: undefined },
    pushedAt: PUSHED_AT + at,
  }));
  await reading.finish({ groups, own: [], keepsNative: true });
  const name = 'pushwarden_team_last_push_timestamp_seconds{team="payments"}';
  assert.deepEqual(await lastPush(), [`${name} ${(PUSHED_AT + 1) / 1000}`]);

  metrics.pushwarden_team_last_push_timestamp_seconds.labels('payments').set(1);
  clock.advance(60_000);
  assert.deepEqual(await lastPush(), [`${name} 1`], 'what the gateway saw itself counts');
});

test('a push of another team to a group does not count as one of its owner', async () => {
  const store = createStore();
  const owner = { name: 'payments', quota: {} };
  await store.assignOwners({ ownerOf: () => owner });
  await pushAll(store, groupPush('a', 'rows:gauge', { team: 'orders' }));
  const view = () => ({ teams: [teamSpec()], store });
  const registry = createMetricsRegistry();
  watchStore(registry, view, manualClock());
  const shown = await registry.render();
  assert.deepEqual(linesOf(shown, 'pushwarden_team_last_push_timestamp_seconds'), []);
});
