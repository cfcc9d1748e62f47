import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createStoreReader } from '../../src/upstream/store-reader.ts';

const GROUPS = 1050;

/** A listing of that many groups, as Pushgateway answers it. */
function renderListing(): string {
  const data = Array.from({ length: GROUPS }, (_, index) => ({
    labels: { job: 'a', instance: `${index}` },
    push_time_seconds: { type: 'GAUGE', metrics: [{ labels: {}, value: '1' }] },
  }));
  return JSON.stringify({ status: 'success', data });
}

test('groups are handed over a few at a time, and no more until those are taken', async () => {
  const server = createServer((_, res) => res.end(renderListing())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await using reader = createStoreReader({ url: `http://127.0.0.1:${address.port}` });
  const sizes: number[] = [];
  let isTaking = false;
  await reader.groups(
    async (groups) => {
      assert.ok(!isTaking, 'the next came too early');
      isTaking = true;
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
      sizes.push(groups.length);
      isTaking = false;
    },
    () => assert.fail('nothing is to come again'),
  );
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    GROUPS,
  );
  assert.ok(Math.max(...sizes) <= 100, `${sizes}`);
  server.close();
  server.closeAllConnections();
});
