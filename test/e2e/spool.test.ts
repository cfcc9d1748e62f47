import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { PUSHGATEWAYS, pushgatewayMissing } from '../support/pushgateway.ts';
import {
  askReady,
  drained,
  KEPT,
  outcomesOf,
  readValue,
  send,
  startSpoolStage,
} from '../support/spool-stage.ts';

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);

  test(`Pushgateway ${version}: what is pushed while it is away arrives, in order, once it is back`, {
    skip,
  }, async (t) => {
    const { gateway, upstream, away, back } = await startSpoolStage(t, version);
    assert.equal((await send(gateway, 'POST', 'a', 'rows 1\n')).status, 200);
    await away();
    assert.deepEqual(await send(gateway, 'POST', 'a', 'rows 2\n'), KEPT);
    assert.deepEqual(await send(gateway, 'POST', 'a', 'other 3\n'), KEPT);
    assert.deepEqual(await send(gateway, 'DELETE', 'b'), KEPT);
    assert.deepEqual(await send(gateway, 'PUT', 'b', 'rows 5\n'), KEPT);
    assert.equal(await askReady(gateway), '200 upstream: spooling');
    await back();
    await eventually('the replay', async () =>
      (await readValue(upstream(), 'rows{instance="",job="b"}')) === '5' ? true : undefined,
    );
    await eventually('the end of it', async () =>
      (await askReady(gateway)) === '200 OK' ? true : undefined,
    );
    assert.equal(
      await eventually('other', () => readValue(upstream(), 'other{instance="",job="a"}')),
      '3',
    );
    assert.equal(await readValue(upstream(), 'rows{instance="",job="a"}'), '2');
    assert.equal(await readValue(upstream(), 'other{instance="",job="a"}'), '3');
    assert.equal(await readValue(upstream(), 'rows{instance="",job="b"}'), '5');
    assert.equal(await askReady(gateway), '200 OK');
    assert.equal((await send(gateway, 'POST', 'a', 'rows 6\n')).spooled, null);
    assert.equal(await readValue(upstream(), 'rows{instance="",job="a"}'), '6');
  });

  test(`Pushgateway ${version}: what it lost in a restart is pushed again, and what was deleted is not`, {
    skip,
  }, async (t) => {
    const { gateway, upstream, away, back } = await startSpoolStage(t, version);
    await send(gateway, 'PUT', 'kept', 'rows 1\nother 1\n');
    await send(gateway, 'POST', 'kept', 'rows 2\n');
    await send(gateway, 'PUT', 'gone', 'rows 3\n');
    await send(gateway, 'DELETE', 'gone');
    await away();
    await back();
    await eventually('the restore', () => readValue(upstream(), 'rows{instance="",job="kept"}'));
    await eventually('the last of it', async () =>
      (await readValue(upstream(), 'rows{instance="",job="kept"}')) === '2' ? true : undefined,
    );
    assert.equal(await readValue(upstream(), 'other{instance="",job="kept"}'), '1');
    assert.equal(await readValue(upstream(), 'rows{instance="",job="gone"}'), undefined);
  });

  test(`Pushgateway ${version}: a gateway that starts while it is away knows what waits and what is stored`, {
    skip,
  }, async (t) => {
    const { gateway, document, upstream, away, back } = await startSpoolStage(t, version);
    await send(gateway, 'PUT', 'a', '# TYPE rows counter\nrows 1\n');
    await away();
    await send(gateway, 'PUT', 'b', '# TYPE waits gauge\nwaits 1\n');
    await gateway[Symbol.asyncDispose]();
    await using again = await startGatewayProcess(document);
    assert.equal(await askReady(again), '200 upstream: spooling');
    const stored = await send(again, 'PUT', 'c', '# TYPE rows gauge\nrows 1\n');
    assert.match(stored.text, /^inconsistent: /);
    const waits = await send(again, 'PUT', 'c', '# TYPE waits counter\nwaits 1\n');
    assert.match(waits.text, /^inconsistent: /);
    assert.deepEqual(await send(again, 'PUT', 'c', 'new 1\n'), KEPT);
    await back();
    for (const series of [
      'rows{instance="",job="a"}',
      'waits{instance="",job="b"}',
      'new{instance="",job="c"}',
    ]) {
      assert.equal(await eventually(series, () => readValue(upstream(), series)), '1');
    }
    const line = await eventually('a line of the replay', async () =>
      again.log.find((one) => one.includes('"spool_replayed"')),
    );
    const { delivered, rejected, expired } = JSON.parse(line);
    assert.ok(delivered >= 2 && rejected === 0 && expired === 0, line);
  });
}

const [version] = PUSHGATEWAYS;
const skip = pushgatewayMissing(version);

test('what waits is not sent over a newer push of somebody else', { skip }, async (t) => {
  const { gateway, upstream, away, back } = await startSpoolStage(t, version);
  await away();
  assert.deepEqual(await send(gateway, 'PUT', 'a', 'rows 1\n'), KEPT);
  await back();
  const past = await fetch(`${upstream().url}/metrics/job/a`, { method: 'PUT', body: 'rows 2\n' });
  assert.equal(past.status, 200);
  await eventually('the end', async () =>
    (await outcomesOf(gateway)).includes('rejected') ? true : undefined,
  );
  assert.equal(await readValue(upstream(), 'rows{instance="",job="a"}'), '2');
});

test('a full spool refuses with 503 and is not ready, and takes a PUT that takes the place of what waits', {
  skip,
}, async (t) => {
  const { gateway, away } = await startSpoolStage(t, version, { spool: { max_size: '2KiB' } });
  await away();
  const body = `rows{l="${'x'.repeat(700)}"} 1\n`;
  assert.deepEqual(await send(gateway, 'PUT', 'a', body), KEPT);
  assert.match((await send(gateway, 'PUT', 'b', body)).text, /^overloaded: the spool is full/);
  assert.deepEqual(await send(gateway, 'PUT', 'a', body), KEPT);
});

test('what waits for too long is given up, and said so; what was stored is not restored then', {
  skip,
}, async (t) => {
  const { gateway, upstream, away, back } = await startSpoolStage(t, version, {
    spool: { max_age: '1s' },
  });
  assert.equal((await send(gateway, 'PUT', 'stored', 'rows 1\n')).status, 200);
  await away();
  assert.deepEqual(await send(gateway, 'PUT', 'a', 'rows 1\n'), KEPT);
  await eventually('the end', async () =>
    (await outcomesOf(gateway)).includes('expired') ? true : undefined,
  );
  await back();
  await drained(gateway);
  assert.deepEqual(await upstream().groups(), []);
});
