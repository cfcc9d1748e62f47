import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../src/core/decision.ts';
import type { MaybePromise } from '../../../src/core/maybe-promise.ts';
import type { GroupClaim, GroupPush, GroupStore } from '../../../src/core/store/group-store.ts';
import type { GroupQuota } from '../../../src/core/store/quota.ts';
import { denied } from '../../support/decision.ts';
import {
  claimed,
  createSlicingStore,
  createStore,
  deleteGroup,
  groupId,
  pushAll,
  textPush,
} from '../../support/group-push.ts';

async function storeWith(quota: GroupQuota): Promise<GroupStore> {
  const store = createStore();
  await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota }) });
  return store;
}

const posted = (job: string, text: string) => textPush(job, text, { method: 'POST' });

/** Reads a store that has what these pushes bring, each of a group of its own. */
async function read(store: GroupStore, ...pushes: readonly GroupPush[]): Promise<void> {
  using reading = store.startReading();
  const groups = pushes.map(({ target, content, at }) => ({
    ...{ id: target.canonical, key: target.key, families: content.families },
    ...{ pushedAt: at, failedAt: undefined },
  }));
  await reading.finish({ groups, own: [], keepsNative: false });
}

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
  // Of the two the first may have come last.
  assert.equal(store.totals('payments').bytes, 25);
  const third = await claimed(store, textPush('a', 'm 1234567\n'));
  await pushAll(store, textPush('a', 'm 123\n'));
  assert.equal(denied(await store.claim(textPush('b', 'm 1\n'))).reason, 'bytes_quota_exceeded');
  await third.settle('refused');
  assert.equal(store.totals('payments').bytes, 21);
});

test('a POST that has ended may have come after a PUT that has not', async () => {
  const store = await storeWith({ series: 2 });
  const put = await claimed(store, textPush('a', 'm 1\n', { method: 'PUT' }));
  await pushAll(store, posted('a', 'n 1\n'));
  assert.equal(denied(await store.claim(posted('b', 'o 1\n'))).reason, 'series_quota_exceeded');
  await put.settle('stored');
  assert.equal(denied(await store.claim(posted('b', 'o 1\n'))).reason, 'series_quota_exceeded');
  await pushAll(store, textPush('a', 'm 1\n', { method: 'PUT' }), posted('b', 'o 1\n'));
});

test('a POST that may come yet counts with every PUT', async () => {
  const store = await storeWith({ series: 1 });
  await (await claimed(store, posted('a', 'm 1\n'))).settle('unknown');
  const put = textPush('a', 'n 1\n', { method: 'PUT' });
  assert.equal(denied(await store.claim(put)).reason, 'series_quota_exceeded');
  await read(store);
  await pushAll(store, put);
});

test('of PUTs on their way at the same time the largest counts, before and after they end', async () => {
  const store = await storeWith({ series: 2 });
  const puts = ['m 1\n', 'n 1\n', 'm 1\no 1\n'].map((text) => textPush('a', text));
  const waiting = await Promise.all(puts.map((put) => claimed(store, put)));
  for (const claim of waiting) await claim.settle('stored');
  const more = textPush('a', 'm 1\nn 1\no 1\n');
  assert.equal(denied(await store.claim(more)).reason, 'series_quota_exceeded');
  await pushAll(store, ...puts);
});

test('of a group in doubt what is new counts beside the largest that it can be', async () => {
  const store = await storeWith({ series: 2 });
  const puts = ['m 1\n', 'n 1\n'].map((text) => textPush('a', text, { method: 'PUT' }));
  const waiting = await Promise.all(puts.map((put) => claimed(store, put)));
  for (const claim of waiting) await claim.settle('stored');
  await pushAll(store, posted('a', 'o 1\n'));
  assert.equal(denied(await store.claim(posted('a', 'p 1\n'))).reason, 'series_quota_exceeded');
});

test('what was read is gone once a PUT comes that is on its way', async () => {
  const store = await storeWith({ series: 3 });
  const put = await claimed(store, textPush('a', 'm 1\nn 1\n', { method: 'PUT' }));
  const push = textPush('a', 'o 1\n', { method: 'PUT' });
  await pushAll(store, push);
  await read(store, push);
  await pushAll(store, posted('b', 'o 1\n'));
  await put.settle('stored');
});

test('what is on its way counts while a large push ends in slices', async () => {
  let isEnding = false;
  const meanwhile: MaybePromise<Decision<GroupClaim>>[] = [];
  const store = createSlicingStore(async () => {
    if (isEnding) meanwhile.push(store.claim(textPush('b', 'x 1\ny 1\n')));
  }, 2);
  await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota: { series: 4 } }) });
  await pushAll(store, textPush('a', 'm 1\nn 1\no 1\n'));
  const large = await claimed(store, textPush('a', 'p 1\nq 1\nr 1\n', { method: 'PUT' }));
  const small = await claimed(store, textPush('a', 's 1\n', { method: 'PUT' }));
  isEnding = true;
  await small.settle('stored');
  assert.ok(meanwhile.length > 0);
  for (const decision of await Promise.all(meanwhile)) denied(decision);
  await large.settle('stored');
});

test('an empty push that may come after a deletion counts as a group until it is read', async () => {
  const store = await storeWith({ groups: 1 });
  await (await claimed(store, textPush('a', ''))).settle('unknown');
  await deleteGroup(store, 'a');
  assert.equal(denied(await store.claim(textPush('b', ''))).reason, 'group_quota_exceeded');
  await read(store);
  await pushAll(store, textPush('b', ''));
  await deleteGroup(store, 'b');
  await pushAll(store, textPush('c', ''));
});

test('a push that was rejected while its group was deleted may have left one', async () => {
  const store = await storeWith({ groups: 1 });
  const deletion = await store.claimDelete(groupId('a'));
  await (await claimed(store, textPush('a', 'm 1\n'))).settle('rejected');
  await deletion.settle('stored');
  assert.equal(denied(await store.claim(textPush('b', ''))).reason, 'group_quota_exceeded');
  await deleteGroup(store, 'a');
  await pushAll(store, textPush('b', ''));
});

test('what was read counts as it was read, though a push of the same is on its way', async () => {
  const store = await storeWith({ bytes: 40 });
  const push = textPush('a', 'm 1234567\n');
  const waiting = await claimed(store, push);
  await read(store, textPush('a', 'm 1\n'));
  await waiting.settle('refused');
  assert.equal(store.totals('payments').bytes, 19);
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
