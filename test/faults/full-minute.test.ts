import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { tokenCredential } from '../support/test-credential.ts';
import { accept, type Behaviour } from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawPush, readMetric, startStage, TOKEN } from './stage.ts';

/** Cron starts everything at the full minute, and none of its jobs tries again by itself. */

const OTHERS = tokenCredential('others');
const TEAMS = {
  etl: { jobs: ['*'], credentials: [TOKEN.spec] },
  others: { jobs: ['others'], credentials: [OTHERS.spec] },
};

test('row 57: two hundred jobs of a team that start together all push, and no other team waits', async () => {
  await using stage = await startStage({ defaults: { allow: ['push'] }, teams: TEAMS });
  const { gateway } = stage;
  const statuses = Promise.all(
    Array.from({ length: 200 }, async (_, index) => (await push(gateway, `job${index}`)).status),
  );
  const began = performance.now();
  const other = await fetch(`${gateway.url}/metrics/job/others`, {
    method: 'PUT',
    headers: { authorization: OTHERS.authorization },
    body: 'rows 1\n',
  });
  assert.equal(other.status, 200);
  const tookMs = performance.now() - began;
  assert.deepEqual([...new Set(await statuses)], [200]);
  assert.ok(performance.now() - began > tookMs, 'the other team was served first');
});

test('row 57: a client that leaves while it waits frees its place, and nothing of it is pushed', async () => {
  const limits = { concurrent: 1, wait: '60s' };
  await using stage = await startStage({
    defaults: { allow: ['push'], limits },
    server: { waiting: 1 },
  });
  const { gateway, upstream } = stage;
  const gate = Promise.withResolvers<void>();
  const waiting: Behaviour = async (socket, request) => {
    await gate.promise;
    await accept(socket, request);
  };
  upstream.behave(waiting);
  const first = push(gateway, 'first');
  await upstream.received(1);
  using leaver = await openRawConnection(gateway.port);
  leaver.socket.write(rawPush('leaver'));
  await eventually('a full line', async () =>
    (await push(gateway, 'third')).status === 429 ? true : undefined,
  );
  const refusals = 'pushwarden_refusals_total{team="etl",reason="too_many_concurrent"}';
  const before = await readMetric(gateway, refusals);
  leaver.socket.destroy();
  await eventually('the place to be free', async () =>
    (await readMetric(gateway, refusals)) > before ? true : undefined,
  );
  const next = push(gateway, 'next');
  gate.resolve();
  assert.deepEqual([(await first).status, (await next).status], [200, 200]);
  const targets = upstream.requests.map(({ target }) => target);
  assert.ok(targets.every((target) => !target.includes('leaver')));
});
