import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { accept, type Behaviour } from '../support/upstream-behaviour.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { push, readMetric, startStage, verdictOf } from './stage.ts';

/** Too much of everything: each limit has its answer, says when to come again, and is counted. */

test('row 45: connections over the limit are closed at once and counted, until one ends', async () => {
  await using stage = await startStage({ server: { connections: 3 } });
  const { gateway } = stage;
  using connections = new DisposableStack();
  const opened: RawConnection[] = [];
  for (let count = 0; count < 6; count += 1) {
    opened.push(connections.use(await openRawConnection(gateway.port)));
  }
  await Promise.all(opened.slice(3).map(({ ended }) => ended));
  assert.deepEqual(
    opened.map((one) => one.hasEnded()),
    [false, false, false, true, true, true],
  );
  const dropped = 'pushwarden_connections_dropped_total';
  assert.equal(await readMetric(gateway, dropped), 3);
  opened[0]?.socket.destroy();
  const answer = await eventually('room for another', () => push(gateway).catch(() => undefined));
  assert.equal(answer.status, 200);
});

test('a team over its rate is told when to come again, and others are not held up', async () => {
  await using stage = await startStage({
    defaults: { allow: ['push'], limits: { rate: '5/m', burst: 1 } },
  });
  const { gateway, upstream } = stage;
  const verdicts: string[] = [];
  for (let count = 0; count < 10; count += 1) {
    const answer = await push(gateway);
    if (answer.status === 429) assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
    verdicts.push(await verdictOf(answer));
  }
  const refused = verdicts.filter((verdict) => verdict === '429 rate_limited').length;
  assert.ok(refused >= 4, verdicts.join());
  assert.equal(upstream.requests.length, 10 - refused);
  const refusals = 'pushwarden_refusals_total{team="etl",reason="rate_limited"}';
  assert.equal(await readMetric(gateway, refusals), refused);
});

test('a team with too many pushes under way is refused, and taken again once they end', async () => {
  await using stage = await startStage({
    defaults: {
      allow: ['push'],
      limits: { concurrent: 2, wait: '1ms', rate: '1000/s', burst: 1000 },
    },
  });
  const { gateway, upstream } = stage;
  const gate = Promise.withResolvers<void>();
  const waiting: Behaviour = async (socket, request) => {
    await gate.promise;
    await accept(socket, request);
  };
  upstream.behave(waiting);
  const first = [push(gateway), push(gateway)];
  await upstream.received(2);
  const third = await push(gateway);
  assert.equal(third.headers.get('retry-after'), '1');
  assert.equal(await verdictOf(third), '429 too_many_concurrent');
  gate.resolve();
  assert.deepEqual(
    (await Promise.all(first)).map(({ status }) => status),
    [200, 200],
  );
  assert.equal((await push(gateway)).status, 200);
  const refusals = 'pushwarden_refusals_total{team="etl",reason="too_many_concurrent"}';
  assert.equal(await readMetric(gateway, refusals), 1);
});
