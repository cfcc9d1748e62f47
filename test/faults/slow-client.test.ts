import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { answer, reply } from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawPush, rawRequest, readMetric, type Stage, startStage } from './stage.ts';

/** Clients that take all the time in the world get a bounded part of it. */

/** Far above every timeout below, on a slow machine too; below the defaults of Node. */
const LONG_MS = 30_000;

let stage: Stage;
before(async () => {
  stage = await startStage({
    server: { header_timeout: '300ms', body_timeout: '300ms', idle_timeout: '1m' },
  });
});
after(() => stage[Symbol.asyncDispose]());

async function withinBounds<T>(run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await run();
  const elapsed = performance.now() - started;
  assert.ok(elapsed < LONG_MS, `${elapsed} ms`);
  return result;
}

/** The records of requests that took too long, oldest first. */
async function timeouts() {
  const records = await stage.gateway.auditRecords();
  return records.filter(
    (record) => record.event === 'decision' && record.reason === 'body_timeout',
  );
}

/** Waits for a record of that kind beyond the first `count`: nobody waits for those of refusals. */
function nextTimeout(count: number) {
  return eventually('the record', async () => (await timeouts())[count]);
}

test('row 40: headers that drip in end in 408, and others are served meanwhile', async () => {
  const { gateway } = stage;
  const before = (await timeouts()).length;
  using connection = await openRawConnection(gateway.port);
  connection.socket.write('PUT /metrics/job/etl HTTP/1.1\r\n');
  const dripping = connection.drip('X-Slow: 1\r\n', 50);
  assert.equal((await push(gateway)).status, 200);
  await withinBounds(() => dripping);
  assert.match(connection.received(), /^HTTP\/1\.1 408 Request Timeout \(body_timeout\)\r\n/);
  assert.match(connection.received(), /^connection: close\r$/im);
  const record = await nextTimeout(before);
  assert.equal(record.event === 'decision' && record.method, '-');
});

test('row 40: half a request line ends in 408', async () => {
  const before = (await timeouts()).length;
  using connection = await openRawConnection(stage.gateway.port);
  connection.socket.write('PUT /met');
  assert.equal(await withinBounds(() => connection.ended), 'closed');
  assert.match(connection.received(), /^HTTP\/1\.1 408 /);
  await nextTimeout(before);
});

test('row 40: a connection that never sends a byte is closed, without an answer or a record', async () => {
  const { gateway } = stage;
  const before = (await gateway.auditRecords()).length;
  using connection = await openRawConnection(gateway.port);
  assert.equal(await withinBounds(() => connection.ended), 'closed');
  assert.equal(connection.received(), '');
  await push(gateway);
  const records = (await gateway.auditRecords()).slice(before);
  assert.deepEqual(
    records.map(({ event }) => event),
    ['decision', 'outcome'],
  );
});

const BODIES = {
  'of a declared length that drips in': ['Content-Length: 1000', 'x'],
  'in chunks that drip in': ['Transfer-Encoding: chunked', '1\r\nx\r\n'],
  'that stops': ['Content-Length: 1000', ''],
} as const;
for (const [name, [header, part]] of Object.entries(BODIES)) {
  test(`row 41: a body ${name} ends in 408 and reaches nobody`, async () => {
    const { gateway, upstream } = stage;
    const before = (await timeouts()).length;
    upstream.forget();
    using connection = await openRawConnection(gateway.port);
    connection.socket.write(rawRequest('PUT /metrics/job/slow', [header]));
    await withinBounds(() => connection.drip(part, 50));
    assert.match(connection.received(), /^HTTP\/1\.1 408 Request Timeout \(body_timeout\)\r\n/);
    assert.match(connection.received(), /^connection: close\r$/im);
    await nextTimeout(before);
    assert.equal(upstream.byteCount, 0);
    assert.equal(await readMetric(gateway, 'pushwarden_bytes_in_flight'), 0);
  });
}

/** More than every buffer on the way holds. */
const SCRAPE = answer('200 OK', 'rows 1\n'.repeat(4_000_000));

const READERS = {
  'stops reading is cut off after the idle time': {
    change: { server: { idle_timeout: '300ms' }, upstream: { timeout: '1m' } },
    read: () => undefined,
  },
  'reads a little now and then is cut off at the deadline': {
    change: { upstream: { timeout: '700ms' } },
    read: (socket: Socket) => void socket.read(1000),
  },
} as const;
for (const [name, { change, read }] of Object.entries(READERS)) {
  test(`row 42: a client that ${name}`, async () => {
    // where the gateway is so slow that it answers 504, the connection is kept open for a moment
    const server = { keep_alive: '1s', ...('server' in change && change.server) };
    await using slow = await startStage({ ...change, server });
    slow.upstream.behave(reply(SCRAPE));
    using connection = await openRawConnection(slow.gateway.port);
    connection.socket.pause();
    connection.socket.write(rawRequest('GET /metrics'));
    const reading = setInterval(() => read(connection.socket), 50);
    await slow.upstream.received(1);
    await withinBounds(() =>
      eventually('the end', async () =>
        (await readMetric(slow.gateway, 'pushwarden_requests_in_flight')) === 0 ? true : undefined,
      ),
    );
    clearInterval(reading);
    connection.socket.resume();
    await connection.ended;
    assert.ok(connection.received().length < SCRAPE.length);
  });
}

test('row 42: a client that does not read the answer to its push holds nothing', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  using connection = await openRawConnection(gateway.port);
  connection.socket.pause();
  connection.socket.write(rawPush());
  await upstream.received(1);
  await eventually('the end', async () =>
    (await readMetric(gateway, 'pushwarden_requests_in_flight')) === 0 ? true : undefined,
  );
  assert.equal(await readMetric(gateway, 'pushwarden_bytes_in_flight'), 0);
});
