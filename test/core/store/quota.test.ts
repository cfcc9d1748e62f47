import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupStore } from '../../../src/core/store/group-store.ts';
import type { GroupQuota } from '../../../src/core/store/quota.ts';
import { denied } from '../../support/decision.ts';
import { claimed, createStore, deleteGroup, pushAll, textPush } from '../../support/group-push.ts';

async function storeWith(quota: GroupQuota): Promise<GroupStore> {
  const store = createStore();
  await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota }) });
  return store;
}

const posted = (job: string, text: string) => textPush(job, text, { method: 'POST' });

test('a team has no more groups than it may, and can push what exists', async () => {
  const store = await storeWith({ groups: 2 });
  await pushAll(store, textPush('a', 'm 1\n', { at: 3000 }), textPush('b', 'm 1\n', { at: 2000 }));
  const refusal = denied(await store.claim(textPush('c', 'm 1\n')));
  assert.equal(refusal.reason, 'group_quota_exceeded');
  assert.equal(refusal.detail, 'the team has 2 groups of at most 2, this push adds 1');
  assert.deepEqual(refusal.hints?.slice(1), [
    'last pushed 1970-01-01T00:00:02.000Z: /metrics/job/b',
    'last pushed 1970-01-01T00:00:03.000Z: /metrics/job/a',
  ]);
  await pushAll(store, textPush('a', 'm 1\nn 1\n'));
  await deleteGroup(store, 'b');
  await pushAll(store, textPush('c', 'm 1\n'));
});

test('pushes at the same time do not exceed a quota together', async () => {
  const store = await storeWith({ groups: 2, series: 3 });
  const first = await claimed(store, textPush('a', 'm 1\nn 1\n'));
  assert.equal(
    denied(await store.claim(textPush('b', 'm 1\nn 1\n'))).reason,
    'series_quota_exceeded',
  );
  const second = await claimed(store, textPush('b', 'm 1\n'));
  assert.equal(denied(await store.claim(textPush('c', ''))).reason, 'group_quota_exceeded');
  await first.settle('refused');
  const third = await claimed(store, textPush('c', 'm 1\n'));
  await second.settle('stored');
  await third.settle('stored');
  assert.deepEqual({ ...store.totals('payments'), bytes: 0 }, { groups: 2, series: 2, bytes: 0 });
});

test('two pushes to one new group take one group of the quota', async () => {
  const store = await storeWith({ groups: 1, series: 2 });
  const first = await claimed(store, textPush('a', 'm 1\n'));
  const second = await claimed(store, textPush('a', 'm 1\nn 1\n'));
  await first.settle('stored');
  await second.settle('stored');
  assert.equal(store.totals('payments').groups, 1);
});

test('pushes on their way to one group count together, and what two of them bring once', async () => {
  const store = await storeWith({ series: 3 });
  const waiting = [
    await claimed(store, posted('a', 'm 1\n')),
    await claimed(store, posted('a', 'n 1\n')),
    await claimed(store, posted('a', 'm 1\n')),
    await claimed(store, posted('a', 'o 1\n')),
  ];
  const refusal = denied(await store.claim(posted('a', 'p 1\n')));
  assert.equal(refusal.detail, 'the team has 3 series of at most 3, this push adds 1');
  assert.equal(denied(await store.claim(posted('b', 'p 1\n'))).reason, 'series_quota_exceeded');
  for (const claim of waiting) await claim.settle('stored');
  assert.equal(store.totals('payments').series, 3);
});

test('of a PUT and a POST on their way to one group, whichever leaves more counts', async () => {
  const store = await storeWith({ series: 4 });
  await pushAll(store, textPush('a', 'm 1\nn 1\n'));
  const put = await claimed(store, textPush('a', 'o 1\n', { method: 'PUT' }));
  const post = await claimed(store, textPush('a', 'p 1\n', { method: 'POST' }));
  assert.equal(
    denied(await store.claim(textPush('b', 'p 1\nq 1\n'))).reason,
    'series_quota_exceeded',
  );
  await put.settle('refused');
  await post.settle('stored');
  assert.equal(store.totals('payments').series, 3);
  await pushAll(store, textPush('b', 'p 1\n'));
});

test('what is over a quota can be pushed again as long as it does not grow', async () => {
  const store = await storeWith({});
  await pushAll(store, textPush('a', 'm 1\nn 1\no 1\n'));
  const quota = { groups: 1, series: 2, bytes: 10 };
  await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota }) });
  await pushAll(store, textPush('a', 'm 1\nn 1\no 1\n'), textPush('a', 'm 1\nn 1\n'));
  assert.equal(
    denied(await store.claim(textPush('a', 'm 1\nn 1\no 1\n'))).reason,
    'series_quota_exceeded',
  );
  assert.equal(
    denied(await store.claim(textPush('a', 'm 100\nn 1\n'))).reason,
    'bytes_quota_exceeded',
  );
});

test('the largest of several pushes of the same series to one group counts', async () => {
  const store = await storeWith({ bytes: 25 });
  await pushAll(store, textPush('a', 'm 1\n'));
  const first = await claimed(store, textPush('a', 'm 1\n'));
  const second = await claimed(store, textPush('a', 'm 1234567\n'));
  const refusal = denied(await store.claim(textPush('a', 'm 12345678\n')));
  assert.equal(refusal.detail, 'the team has 25 bytes of at most 25, this push adds 1');
  await second.settle('stored');
  await first.settle('stored');
  assert.equal(store.totals('payments').bytes, 19);
  const third = await claimed(store, textPush('a', 'm 1234567\n'));
  await pushAll(store, textPush('a', 'm 123\n'));
  assert.equal(denied(await store.claim(textPush('b', 'm 1\n'))).reason, 'bytes_quota_exceeded');
  await third.settle('refused');
  assert.equal(store.totals('payments').bytes, 21);
});

test('quotas go by the owner, and move with it', async () => {
  const store = createStore();
  await pushAll(store, textPush('a', 'm 1\n'), textPush('b', 'm 1\n'));
  assert.equal(store.totals('alpha').groups, 0);
  await store.assignOwners({
    ownerOf: ({ job }) => ({ name: job === 'a' ? 'alpha' : 'beta', quota: {} }),
  });
  assert.deepEqual([store.totals('alpha').series, store.totals('beta').groups], [1, 1]);
  await store.assignOwners({ ownerOf: () => ({ name: 'beta', quota: { groups: 2 } }) });
  assert.deepEqual([store.totals('alpha').groups, store.totals('beta').series], [0, 2]);
  assert.equal(denied(await store.claim(textPush('c', 'm 1\n'))).reason, 'group_quota_exceeded');
});

test('what is on its way counts for the owner of the day, and once', async () => {
  const store = createStore();
  const owner = (name: string) =>
    store.assignOwners({ ownerOf: () => ({ name, quota: { groups: 1, series: 3 } }) });
  const first = await claimed(store, textPush('a', 'm 1\nn 1\n'));
  await owner('alpha');
  await owner('beta');
  assert.equal(denied(await store.claim(textPush('b', ''))).reason, 'group_quota_exceeded');
  await first.settle('refused');
  await pushAll(store, textPush('a', 'm 1\n'));
  assert.equal(denied(await store.claim(textPush('b', ''))).reason, 'group_quota_exceeded');
  const grown = textPush('a', 'm 1\nn 1\no 1\np 1\n');
  assert.equal(denied(await store.claim(grown)).reason, 'series_quota_exceeded');
});
