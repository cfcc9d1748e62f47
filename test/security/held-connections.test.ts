import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { watchUnprovedClients } from '../../src/http/unproved-clients.ts';
import { openRawConnection, type RawConnection } from '../faults/raw-connection.ts';
import { push, rawPush, readMetric, startStage } from '../faults/stage.ts';
import { eventually } from '../support/eventually.ts';

/**
 * The attack: take all connections and keep them, without a credential: by a body that drips behind
 * a 401, by health probes for ever, or by nothing at all. Honest clients found no place.
 */
const PROBE = 'GET /-/healthy HTTP/1.1\r\nHost: g\r\n\r\n';
/** Below server.body_timeout, for which a body that is wanted may drip. */
const MOMENT_MS = 20_000;
const DROPPED = 'pushwarden_connections_dropped_total';

test('a client without a credential has so many connections; those that proved one do not count', async () => {
  await using stage = await startStage({ server: { connections_per_client: 3 } });
  const { gateway } = stage;
  using opened = new DisposableStack();
  const open = async (): Promise<RawConnection> =>
    opened.use(await openRawConnection(gateway.port));
  for (let count = 0; count < 5; count += 1) {
    const proved = await open();
    proved.socket.write(rawPush());
    await eventually('its answer', () => (proved.received().includes(' 200 ') ? true : undefined));
  }
  const held = [await open(), await open(), await open(), await open()];
  await held[3]?.ended;
  assert.deepEqual(
    held.map((one) => one.hasEnded()),
    [false, false, false, true],
  );
  assert.equal(await readMetric(gateway, DROPPED), 1);
  held[0]?.socket.destroy();
  await eventually('a place', () =>
    push(gateway).then(
      ({ status }) => (status === 200 ? true : undefined),
      () => undefined,
    ),
  );
});

test('a body that drips behind a refusal holds its connection for no more than a moment', async () => {
  await using stage = await startStage();
  for (const framing of ['Content-Length: 90000', 'Transfer-Encoding: chunked']) {
    using connection = await openRawConnection(stage.gateway.port);
    const head = `PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\n${framing}\r\n\r\n`;
    const began = performance.now();
    connection.socket.write(head);
    await connection.drip('x', 50);
    assert.match(connection.received(), /^HTTP\/1\.1 401 /);
    assert.ok(performance.now() - began < MOMENT_MS);
  }
});

test('health probes end their connection once it is a minute old', async (context) => {
  await using stage = await startStage();
  using connection = await openRawConnection(stage.gateway.port);
  connection.socket.write(PROBE);
  await eventually('an answer', () => (connection.received() !== '' ? true : undefined));
  assert.doesNotMatch(connection.received(), /connection: close/i);
  const now = performance.now();
  context.mock.method(performance, 'now', () => now + 61_000);
  connection.socket.write(PROBE);
  await connection.ended;
  assert.match(connection.received(), /connection: close/i);
});

test('behind a trusted proxy the requests under way of a client count, not the connections of the proxy', () => {
  const clients = watchUnprovedClients(createServer(), { limit: () => 2, isProxy: () => true });
  const enter = (text: string) => clients.enter(new Socket(), { text, family: 'ipv4' });
  const [first, second] = [enter('192.0.2.1'), enter('192.0.2.1')];
  assert.deepEqual([first.isCrowded, second.isCrowded], [false, false]);
  assert.equal(enter('192.0.2.1').isCrowded, true);
  assert.equal(enter('192.0.2.2').isCrowded, false);
  first.prove();
  first.end();
  assert.equal(enter('192.0.2.1').isCrowded, false, 'who has proved a credential counts no more');
  assert.equal(enter('192.0.2.1').isCrowded, true);
});
