import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimPush } from '../../../src/core/store/group-claims.ts';
import { createMemoryGroupStore } from '../../../src/core/store/memory-group-store.ts';
import type { GroupQuota } from '../../../src/core/store/quota.ts';
import {
  createSharedState,
  createStoreState,
  leaveShared,
} from '../../../src/core/store/store-state.ts';
import { allowed, denied } from '../../support/decision.ts';
import {
  claimed,
  deleteGroup,
  families,
  groupPush,
  pushAll,
  textPush,
} from '../../support/group-push.ts';

/** Models of two Pushgateways whose scrapes are joined. */
function createSisters() {
  const shared = createSharedState({ pause: async () => {} });
  const options = { shared, secret: [1, 2], pause: async () => {} } as const;
  return [createMemoryGroupStore(options), createMemoryGroupStore(options)] as const;
}

async function createSistersWith(quota: GroupQuota) {
  const sisters = createSisters();
  for (const store of sisters) {
    await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota }) });
  }
  return sisters;
}

test('a family has one type in all stores, while its push is under way too', async () => {
  const [first, second] = createSisters();
  const claim = await claimed(first, groupPush('a', 'foo:gauge'));
  const refusal = denied(await second.claim(groupPush('b', 'foo:counter')));
  assert.equal(refusal.reason, 'inconsistent');
  assert.equal(refusal.detail, 'metric "foo" is stored as gauge, not counter');
  await claim.settle('stored');
  assert.equal(denied(await second.claim(groupPush('b', 'foo:summary'))).reason, 'inconsistent');
  await pushAll(second, groupPush('b', 'foo:gauge'));
  await deleteGroup(first, 'a');
  assert.equal(denied(await first.claim(groupPush('a', 'foo:counter'))).reason, 'inconsistent');
  await deleteGroup(second, 'b');
  await pushAll(first, groupPush('a', 'foo:counter'));
});

test('a family without a type takes the one that another store has', async () => {
  const [first, second] = createSisters();
  await pushAll(first, groupPush('a', 'foo:counter'));
  const { adopted } = await claimed(second, textPush('b', 'foo 1\n'));
  assert.deepEqual(
    adopted.map(({ name, type }) => [name, type]),
    [['foo', 'counter']],
  );
});

test('what a reading of one store finds counts in the other', async () => {
  const [first, second] = createSisters();
  const key = { job: 'a', labels: [] };
  const group = { id: '/metrics/job/a', key, pushedAt: 1, failedAt: undefined };
  const read = [{ ...group, families: families('foo:summary', key) }];
  await first.startReading().finish({ groups: read, own: [], keepsNative: false });
  assert.equal(denied(await second.claim(groupPush('b', 'foo:gauge'))).reason, 'inconsistent');
});

test('each store has its own groups and names, and a team has one quota in all', async () => {
  const [first, second] = await createSistersWith({ groups: 2 });
  await pushAll(first, groupPush('a', 'foo:gauge'));
  await pushAll(second, groupPush('b', 'bar:gauge'));
  assert.deepEqual([...first.familyLines().keys()], ['foo']);
  assert.deepEqual([...second.familyLines().keys()], ['bar']);
  const ids = [...first.groups({ team: 'payments' })].map(({ id }) => id);
  assert.deepEqual(ids, ['/metrics/job/a']);
  assert.equal(first.totals('payments').groups, 2);
  assert.equal(second.totals('payments').groups, 2);
  const refusal = denied(await first.claim(groupPush('c', 'foo:gauge')));
  assert.equal(refusal.reason, 'group_quota_exceeded');
});

test('a store that is disposed of is out of types and quotas, and late ends change nothing', async () => {
  const [first, second] = await createSistersWith({ groups: 2 });
  await pushAll(first, groupPush('a', 'foo:gauge'));
  const late = await claimed(first, groupPush('b', 'bar:gauge'));
  first[Symbol.dispose]();
  await late.settle('stored');
  assert.deepEqual(second.totals('payments'), { groups: 0, series: 0, bytes: 0 });
  await pushAll(second, groupPush('a', 'foo:counter bar:counter'), groupPush('b', ''));
});

test('a store that goes in the middle of a long end gives everything back once', async () => {
  let gate = Promise.resolve();
  const slices = { above: 5, length: 1 };
  const options = { secret: [1, 2], pause: () => gate, slices } as const;
  const state = createStoreState(options);
  const own = state.series.size();
  const claimLong = async (prefix: string) => {
    const names = Array.from({ length: 6 }, (_, index) => `${prefix}${index}:gauge`);
    return allowed(await claimPush(state, groupPush('a', names.join(' '), { method: 'POST' })));
  };
  const claims = [await claimLong('m'), await claimLong('n'), await claimLong('o')];
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const ends = claims.map(({ settle }) => settle('refused'));
  await new Promise(setImmediate);
  leaveShared(state);
  resolve();
  await Promise.all(ends);
  assert.equal(state.series.size(), own);
});
