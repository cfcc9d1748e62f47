import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../src/core/decision.ts';
import type { GroupClaim, GroupStore, ReadGroup } from '../../../src/core/store/group-store.ts';
import { renderPushTarget } from '../../../src/core/target/grouping-key.ts';
import { denied } from '../../support/decision.ts';
import {
  claimed,
  createStore,
  deleteGroup,
  families,
  groupId,
  groupPush as push,
  pushAll,
} from '../../support/group-push.ts';

function detailOf(decision: Decision<GroupClaim>): string {
  const { reason, detail, hints } = denied(decision);
  assert.equal(reason, 'inconsistent');
  return [detail, ...(hints ?? [])].join('; ');
}

function readGroup(name: string, text: string): ReadGroup {
  const key = { job: name, labels: [] };
  const id = groupId(name);
  return { id, key, families: families(text, key), pushedAt: 1000, failedAt: undefined };
}

/** Of an empty store that takes everything. */
async function openStore(): Promise<GroupStore> {
  const store = createStore();
  await store.startReading().finish({ groups: [], own: [], keepsNative: true });
  return store;
}

const TOGETHER = [
  ['the same type', 'foo:gauge', 'foo:gauge'],
  ['another name', 'foo:gauge', 'bar:counter'],
  ['a name that only looks like one of a gauge', 'foo:gauge', 'foo_count:gauge'],
  ['a bucket name beside a summary', 'foo:summary', 'foo_bucket:gauge'],
] as const;

for (const [name, first, second] of TOGETHER) {
  test(`the store allows ${name} in another group`, async () => {
    const store = await openStore();
    await pushAll(store, push('a', first), push('b', second));
    await pushAll(store, push('a', first), push('b', second));
  });
}

const APART = [
  ['another type', 'foo:gauge', 'foo:counter', '"foo" is stored as gauge, not counter'],
  ['a sum beside a summary', 'foo:summary', 'foo_sum:gauge', 'clashes with summary "foo"'],
  ['a summary over a count', 'foo_count:gauge', 'foo:summary', 'clashes with gauge "foo_count"'],
  ['a bucket beside a histogram', 'foo:histogram', 'foo_bucket:gauge', 'histogram "foo"'],
  ['a histogram on a name of another', 'foo:histogram', 'foo_count:histogram', 'histogram "foo"'],
  [
    'a native histogram beside a classic',
    'foo:histogram',
    'foo:native_histogram',
    'stored as histogram',
  ],
] as const;

for (const [name, first, second, problem] of APART) {
  test(`the store refuses ${name} in another group, until the first is gone`, async () => {
    const store = await openStore();
    await pushAll(store, push('a', first));
    const detail = detailOf(await store.claim(push('b', `other:gauge ${second}`)));
    assert.ok(detail.includes(problem), detail);
    await deleteGroup(store, 'a');
    await pushAll(store, push('b', second));
  });
}

test('the store counts every group that has a family', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:gauge'), push('b', 'foo:gauge'));
  await deleteGroup(store, 'a');
  detailOf(await store.claim(push('c', 'foo:counter')));
  await pushAll(store, push('b', ''), push('c', 'foo:counter'));
});

test('the store lets a PUT replace what its group alone has', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:summary'), push('a', 'foo_sum:gauge'));
  await pushAll(store, push('b', 'foo:gauge'));
  detailOf(await store.claim(push('a', 'foo:summary')));
});

test('the store lets a POST replace families by name only', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:summary bar:gauge'));
  detailOf(await store.claim(push('a', 'foo_sum:gauge', { method: 'POST' })));
  await pushAll(store, push('a', 'foo:gauge foo_sum:gauge', { method: 'POST' }));
  detailOf(await store.claim(push('b', 'bar:counter')));
});

test('a claim keeps other pushes out until it is settled', async () => {
  const store = await openStore();
  const claim = await claimed(store, push('a', 'foo:gauge'));
  detailOf(await store.claim(push('b', 'foo:counter')));
  await claim.settle('refused');
  await pushAll(store, push('b', 'foo:counter'));
});

test('a claim does not keep out another push to its own group', async () => {
  const store = await openStore();
  const first = await claimed(store, push('a', 'foo:gauge'));
  const second = await claimed(store, push('a', 'foo:counter'));
  await first.settle('stored');
  await second.settle('stored');
  assert.match(detailOf(await store.claim(push('b', 'foo:gauge'))), /stored as counter/);
});

test('a claim is settled once', async () => {
  const store = await openStore();
  const claim = await claimed(store, push('a', 'foo:gauge'));
  await claim.settle('stored');
  await claim.settle('refused');
  detailOf(await store.claim(push('b', 'foo:counter')));
});

test('after an unknown end a group counts with what it may have, until it is read', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:gauge'));
  await (await claimed(store, push('a', 'foo:counter bar:gauge'))).settle('unknown');
  detailOf(await store.claim(push('b', 'foo:gauge')));
  detailOf(await store.claim(push('b', 'foo:counter')));
  detailOf(await store.claim(push('b', 'bar:counter')));
  await pushAll(store, push('a', 'foo:gauge'));
  detailOf(await store.claim(push('b', 'bar:counter')));
  const groups = [readGroup('a', 'foo:gauge')];
  await store.startReading().finish({ groups, own: [], keepsNative: true });
  await pushAll(store, push('b', 'foo:gauge bar:counter'));
});

test('a rejected push leaves what was there, and the time of the failure', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:gauge', { at: 1000 }));
  await (await claimed(store, push('a', 'bar:gauge', { at: 2000 }))).settle('rejected');
  await (await claimed(store, push('b', 'bar:gauge', { at: 3000 }))).settle('rejected');
  const { pushedAt, failedAt } = store.group(groupId('a')) ?? {};
  assert.deepEqual({ pushedAt, failedAt }, { pushedAt: 1000, failedAt: 2000 });
  assert.equal(store.group(groupId('b'))?.pushedAt, undefined);
  detailOf(await store.claim(push('c', 'foo:counter')));
  await pushAll(store, push('c', 'bar:counter'));
});

test('a reading puts what the store has in the place of what was noted', async () => {
  const store = await openStore();
  await pushAll(store, push('a', 'foo:gauge'), push('b', 'bar:gauge'));
  const groups = [readGroup('b', 'bar:counter')];
  const changes = await store.startReading().finish({ groups, own: [], keepsNative: true });
  assert.deepEqual(changes, {
    counts: { appeared: 0, vanished: 1, changed: 1 },
    named: [
      { group: groupId('b'), change: 'changed' },
      { group: groupId('a'), change: 'vanished' },
    ],
  });
  await pushAll(store, push('c', 'foo:counter bar:counter'));
  detailOf(await store.claim(push('c', 'bar:gauge')));
});

test('the same series pushed by somebody else are a change, and nobody of ours has pushed last', async () => {
  const store = await openStore();
  const read = async (pushedAt: number) => {
    const groups = [{ ...readGroup('a', 'foo:gauge'), pushedAt }];
    return (await store.startReading().finish({ groups, own: [], keepsNative: true }))?.counts;
  };
  const none = { appeared: 0, vanished: 0, changed: 0 };
  await pushAll(store, push('a', 'foo:gauge', { at: 1000 }));
  assert.deepEqual(await read(900), none, 'it has not done the push yet');
  assert.deepEqual(await read(1005), none, 'its own time of the push');
  assert.equal(store.group(groupId('a'))?.credential, 'nightly');
  assert.deepEqual(await read(1005), none);
  assert.deepEqual(await read(2000), { ...none, changed: 1 });
  assert.equal(store.group(groupId('a'))?.credential, undefined);
  await pushAll(store, push('a', 'foo:gauge', { at: 3000 }));
  assert.deepEqual(await read(3005), none);
});

test('a reading keeps what changed while the store was read', async () => {
  const store = await openStore();
  await pushAll(store, push('old', 'old:gauge'));
  const claim = await claimed(store, push('claimed', 'claimed:gauge'));
  using reading = store.startReading();
  await pushAll(store, push('new', 'new:gauge'));
  await deleteGroup(store, 'old');
  const groups = [readGroup('old', 'old:gauge')];
  await reading.finish({ groups, own: [], keepsNative: true });
  detailOf(await store.claim(push('x', 'new:counter')));
  detailOf(await store.claim(push('x', 'claimed:counter')));
  await pushAll(store, push('x', 'old:counter'));
  await claim.settle('stored');
  detailOf(await store.claim(push('x', 'claimed:counter')));
});

test('families of Pushgateway itself are in the way, and in no group', async () => {
  const store = await openStore();
  const own = families('go_goroutines:gauge');
  await store.startReading().finish({ groups: [], own, keepsNative: true });
  detailOf(await store.claim(push('a', 'go_goroutines:counter')));
  assert.deepEqual([...store.groups()], []);
  assert.deepEqual(store.familyLines(), new Map([['go_goroutines', 1]]));
});

test('a refusal names the group to the team that pushed to it, and to no other', async () => {
  const store = await openStore();
  await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota: {} }) });
  await pushAll(store, push('other', 'other:gauge'), push('secret', 'first:gauge foo:gauge'));
  assert.match(detailOf(await store.claim(push('b', 'foo:counter'))), /of your team.*\/secret/);
  const foreign = detailOf(await store.claim(push('b', 'foo:counter', { team: 'orders' })));
  assert.doesNotMatch(foreign, /payments|secret/);
});

test('the store is empty again after everything was deleted', async () => {
  const store = await openStore();
  for (let round = 0; round < 3; round += 1) {
    await pushAll(store, push('a', 'foo:histogram bar:summary'), push('b', 'foo:histogram'));
    await pushAll(store, push('a', 'bar:summary', { method: 'POST' }));
    await deleteGroup(store, 'a');
    await deleteGroup(store, 'b');
    await pushAll(store, push('c', 'foo_sum:gauge foo_bucket:gauge bar_count:gauge'));
    await deleteGroup(store, 'c');
  }
});

test('a native histogram is refused as long as the store is not known to keep it', async () => {
  const store = createStore();
  const refused = denied(await store.claim(push('a', 'foo:gauge bar:native_histogram')));
  assert.equal(refused.reason, 'body_invalid');
  assert.match(refused.detail ?? '', /^"bar" is a native histogram/);
  await store.startReading().finish({ groups: [], own: [], keepsNative: true });
  await pushAll(store, push('a', 'foo:gauge bar:native_histogram'));
  await store.startReading().finish({ groups: [], own: [], keepsNative: false });
  denied(await store.claim(push('a', 'bar:native_histogram')));
});

test('a reading that was given up, or overtaken by another one, changes nothing', async () => {
  const store = await openStore();
  const groups = [readGroup('b', 'bar:counter')];
  const overtaken = store.startReading();
  const givenUp = store.startReading();
  givenUp[Symbol.dispose]();
  assert.equal(await overtaken.finish({ groups, own: [], keepsNative: true }), undefined);
  assert.equal(await givenUp.finish({ groups, own: [], keepsNative: true }), undefined);
  await pushAll(store, push('c', 'bar:gauge'));
});

test('groups are listed by owner and by job, with who pushed last', async () => {
  const store = await openStore();
  await store.assignOwners({
    ownerOf: ({ job }) => ({ name: job === 'a' ? 'alpha' : 'beta', quota: {} }),
  });
  await pushAll(store, push('a', 'foo:gauge'), push('b', 'foo:gauge'));
  await pushAll(store, push('/metrics/job/b/x/1', 'foo:gauge', { credential: 'ci', at: 5 }));
  const ids = [...store.groups({ team: 'beta' })].map(({ id }) => id);
  assert.deepEqual(ids.toSorted(), ['/metrics/job/b', '/metrics/job/b/x/1']);
  assert.equal([...store.groups({ job: 'a' })].length, 1);
  const { owner, credential, pushedAt } = store.group('/metrics/job/b/x/1') ?? {};
  assert.deepEqual(
    { owner, credential, pushedAt },
    { owner: 'beta', credential: 'ci', pushedAt: 5 },
  );
  assert.equal(store.totals('beta').groups, 2);
});

test('groups and family names are counted as the store has them, whatever is on its way', async () => {
  const store = createStore();
  const shown = () => [store.size(), [...store.familyLines().keys()].toSorted()];
  const first = await claimed(store, push('a', 'rows:gauge time:summary'));
  assert.deepEqual(shown(), [0, []]);
  await first.settle('stored');
  assert.deepEqual(shown(), [1, ['rows', 'time']]);
  await pushAll(store, push('b', 'rows:gauge'));
  const deletion = await store.claimDelete(groupId('a'));
  assert.deepEqual(shown(), [2, ['rows', 'time']]);
  await deletion.settle('stored');
  assert.deepEqual(shown(), [1, ['rows']]);
  await pushAll(store, push('b', 'more:gauge'));
  assert.deepEqual(shown(), [1, ['more']]);
  await store.startReading().finish({ groups: [], own: [], keepsNative: true });
  assert.deepEqual(shown(), [0, []]);
});

test('a group whose key its id does not say keeps it', async () => {
  const store = createStore();
  const key = { job: 'a', labels: [{ name: 'odd/name', value: 'x' }] };
  const group = { ...readGroup('a', ''), id: renderPushTarget(key), key };
  await store.startReading().finish({ groups: [group], own: [], keepsNative: true });
  assert.deepEqual(store.group(group.id)?.key, key);
  assert.deepEqual(
    [...store.groups({ job: 'a' })].map((stored) => stored.key),
    [key],
  );
});

test('of groups that somebody else changed the first ten are named, all are counted', async () => {
  const store = await openStore();
  const groups = Array.from({ length: 12 }, (_, at) => readGroup(`g${at}`, `m${at}:gauge`));
  const changes = await store.startReading().finish({ groups, own: [], keepsNative: true });
  assert.equal(changes?.counts.appeared, 12);
  assert.deepEqual(
    changes?.named,
    groups.slice(0, 10).map(({ id }) => ({ group: id, change: 'appeared' })),
  );
});
