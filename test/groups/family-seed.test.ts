import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import type { PushedFamily } from '../../src/core/exposition/push-content.ts';
import type { GroupStore } from '../../src/core/store/group-store.ts';
import { createFamilySeed } from '../../src/groups/family-seed.ts';
import { createPushgatewayClient } from '../../src/upstream/pushgateway-client.ts';
import { createStore, groupPush } from '../support/group-push.ts';
import { NATIVE_HISTOGRAM } from '../support/native-histogram.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';

const TIMEOUT = { timeoutMs: 5000 };

async function put({ url }: Pushgateway, job: string, body: string | Buffer, headers = {}) {
  const push = { method: 'PUT', body, headers };
  assert.equal((await fetch(`${url}/metrics/job/${job}`, push)).status, 200);
}

/** Whether a push of one family would be let through. */
async function takes(
  store: GroupStore,
  name: string,
  type: PushedFamily['type'],
): Promise<boolean> {
  const claim = await store.claim(groupPush('x', `${name}:${type}`));
  if (claim.effect === 'allow') await claim.value.settle('refused');
  return claim.effect === 'allow';
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`the seed reads what Pushgateway ${version} holds, once for each start`, {
    skip,
  }, async () => {
    await using pushgateway = await startPushgateway({ version });
    await put(pushgateway, 'a', '# TYPE rows gauge\nrows 1\n');
    const protobuf = { 'content-type': CONTENT_TYPES.protobuf };
    await put(pushgateway, 'b', NATIVE_HISTOGRAM, protobuf);
    const client = createPushgatewayClient({ url: pushgateway.url, connections: 1 });
    const store = createStore();
    const reads: string[] = [];
    const seed = createFamilySeed({
      store,
      read: (path, accept) => {
        reads.push(path);
        return client.read(path, { ...TIMEOUT, ...(accept && { accept }) });
      },
    });
    try {
      assert.equal(await seed(), true);
      assert.equal(await seed(), true);
      assert.deepEqual(reads, ['/api/v1/status', '/api/v1/metrics', '/metrics', '/api/v1/status']);
      assert.equal(await takes(store, 'rows', 'gauge'), true);
      assert.equal(await takes(store, 'rows', 'counter'), false);
      assert.equal(await takes(store, 'native_seconds', 'native_histogram'), true);
      assert.equal(await takes(store, 'native_seconds', 'histogram'), false);
      assert.equal(await takes(store, 'pushgateway_build_info', 'counter'), false);
    } finally {
      await client.close();
    }
  });
}

const STATUS = { data: { start_time: 'a', build_information: { version: '1.5.1' } } };
const LISTING = {
  data: [{ labels: { job: 'a' }, rows: { type: 'GAUGE', metrics: [{ value: '1' }] } }],
};

/** Answers as JSON, by path; what is missing is no whole 200. */
function seedFrom(store: GroupStore, answers: () => Readonly<Record<string, unknown>>) {
  const read = async (path: string) => {
    const answer = answers()[path];
    return answer === undefined ? undefined : Buffer.from(JSON.stringify(answer));
  };
  return createFamilySeed({ read, store });
}

test('a store whose scrape is broken is known by what its API lists', async () => {
  const store = createStore();
  const seed = seedFrom(store, () => ({ '/api/v1/status': STATUS, '/api/v1/metrics': LISTING }));
  assert.equal(await seed(), true);
  assert.equal(await takes(store, 'rows', 'counter'), false);
});

test('a store that cannot be listed is asked again, and is not relied on until then', async () => {
  const store = createStore();
  let listing: unknown;
  const seed = seedFrom(store, () => ({
    '/api/v1/status': STATUS,
    '/api/v1/metrics': listing,
  }));
  assert.equal(await seed(), false);
  listing = LISTING;
  assert.equal(await seed(), true);
  assert.equal(await takes(store, 'rows', 'counter'), false);
});

test('a store that started anew is read anew', async () => {
  const store = createStore();
  let answers: Readonly<Record<string, unknown>> = {
    '/api/v1/status': STATUS,
    '/api/v1/metrics': LISTING,
  };
  const seed = seedFrom(store, () => answers);
  await seed();
  answers = { '/api/v1/status': { data: { start_time: 'b' } }, '/api/v1/metrics': { data: [] } };
  await seed();
  assert.equal(await takes(store, 'rows', 'counter'), true);
});

test('an upstream that is no Pushgateway is relied on, with nothing known of it', async () => {
  const seed = seedFrom(createStore(), () => ({}));
  assert.equal(await seed(), true);
});
