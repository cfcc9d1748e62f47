import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway, startGatewayProcess, type TestGateway } from '../support/gateway.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  type PushgatewayVersion,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

const { authorization } = TOKEN;

/** A gateway with a spool, before a Pushgateway that can go away and come back. */
async function setUp(t: TestContext, version: PushgatewayVersion, spool: object = {}) {
  const scratch = await createScratch();
  t.after(() => scratch[Symbol.asyncDispose]());
  const directory = scratch.path;
  const running: { pushgateway: Pushgateway } = {
    pushgateway: await startPushgateway({ version }),
  };
  t.after(() => running.pushgateway.stop('SIGKILL'));
  const { url, port } = running.pushgateway;
  const document = {
    ...oneTeam({ url, timeout: '2s' }),
    spool: { dir: join(directory, 'spool'), ...spool },
  };
  const gateway = await startGateway(document);
  t.after(() => gateway[Symbol.asyncDispose]());
  return {
    gateway,
    document,
    upstream: () => running.pushgateway,
    away: () => running.pushgateway.stop('SIGKILL'),
    async back() {
      running.pushgateway = await startPushgateway({ version, port });
    },
  };
}

async function send(
  { url }: Pick<TestGateway, 'url'>,
  method: string,
  path: string,
  body?: string,
): Promise<{ readonly status: number; readonly spooled: string | null; readonly text: string }> {
  const options = { method, headers: { authorization }, ...(body && { body }) };
  const answer = await fetch(`${url}/metrics/job/${path}`, options);
  const spooled = answer.headers.get('x-push-spooled');
  return { status: answer.status, spooled, text: await answer.text() };
}

const KEPT = { status: 202, spooled: 'true', text: '' };

async function readValue(upstream: Pushgateway, series: string): Promise<string | undefined> {
  const { body } = await upstream.scrape();
  const line = body.split('\n').find((one) => one.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

async function outcomesOf({ auditRecords }: TestGateway): Promise<readonly unknown[]> {
  const records = await auditRecords();
  return records.flatMap((one) => (one.event === 'outcome' ? [one.status] : []));
}

const ready = async ({ adminUrl }: TestGateway): Promise<string> => {
  const answer = await fetch(`${adminUrl}/-/ready`);
  return `${answer.status} ${(await answer.text()).trim()}`;
};

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);

  test(`Pushgateway ${version}: what is pushed while it is away arrives, in order, once it is back`, {
    skip,
  }, async (t) => {
    const { gateway, upstream, away, back } = await setUp(t, version);
    assert.equal((await send(gateway, 'POST', 'a', 'rows 1\n')).status, 200);
    await away();
    assert.deepEqual(await send(gateway, 'POST', 'a', 'rows 2\n'), KEPT);
    assert.deepEqual(await send(gateway, 'POST', 'a', 'other 3\n'), KEPT);
    assert.deepEqual(await send(gateway, 'DELETE', 'b'), KEPT);
    assert.deepEqual(await send(gateway, 'PUT', 'b', 'rows 5\n'), KEPT);
    assert.equal(await ready(gateway), '200 upstream: spooling');
    await back();
    await eventually('the replay', async () =>
      (await readValue(upstream(), 'rows{instance="",job="b"}')) === '5' ? true : undefined,
    );
    await eventually('the end of it', async () =>
      (await ready(gateway)) === '200 OK' ? true : undefined,
    );
    assert.equal(
      await eventually('other', () => readValue(upstream(), 'other{instance="",job="a"}')),
      '3',
    );
    assert.equal(await readValue(upstream(), 'rows{instance="",job="a"}'), '2');
    assert.equal(await readValue(upstream(), 'other{instance="",job="a"}'), '3');
    assert.equal(await readValue(upstream(), 'rows{instance="",job="b"}'), '5');
    assert.equal(await ready(gateway), '200 OK');
    assert.equal((await send(gateway, 'POST', 'a', 'rows 6\n')).spooled, null);
    assert.equal(await readValue(upstream(), 'rows{instance="",job="a"}'), '6');
  });

  test(`Pushgateway ${version}: what it lost in a restart is pushed again, and what was deleted is not`, {
    skip,
  }, async (t) => {
    const { gateway, upstream, away, back } = await setUp(t, version);
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
    const { gateway, document, upstream, away, back } = await setUp(t, version);
    await send(gateway, 'PUT', 'a', '# TYPE rows counter\nrows 1\n');
    await away();
    await send(gateway, 'PUT', 'b', '# TYPE waits gauge\nwaits 1\n');
    await gateway[Symbol.asyncDispose]();
    await using again = await startGatewayProcess(document);
    assert.equal(await ready(again), '200 upstream: spooling');
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
  });
}

const [version] = PUSHGATEWAYS;
const skip = pushgatewayMissing(version);

test('what waits is not sent over a newer push of somebody else', { skip }, async (t) => {
  const { gateway, upstream, away, back } = await setUp(t, version);
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
  const { gateway, away } = await setUp(t, version, { max_size: '2KiB' });
  await away();
  const body = `rows{l="${'x'.repeat(700)}"} 1\n`;
  assert.deepEqual(await send(gateway, 'PUT', 'a', body), KEPT);
  assert.match((await send(gateway, 'PUT', 'b', body)).text, /^overloaded: the spool is full/);
  assert.deepEqual(await send(gateway, 'PUT', 'a', body), KEPT);
});

test('what waits for too long is given up, and said so', { skip }, async (t) => {
  const { gateway, away } = await setUp(t, version, { max_age: '1s' });
  await away();
  assert.deepEqual(await send(gateway, 'PUT', 'a', 'rows 1\n'), KEPT);
  await eventually('the end', async () =>
    (await outcomesOf(gateway)).includes('expired') ? true : undefined,
  );
});
