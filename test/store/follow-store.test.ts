import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { denied } from '../support/decision.ts';
import { eventually } from '../support/eventually.ts';
import { followPushgateway } from '../support/followed-store.ts';
import { claimed, groupPush } from '../support/group-push.ts';
import {
  PUSHGATEWAYS,
  type PushgatewayVersion,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';

const GAUGE = '# TYPE rows gauge\nrows 1\n';

async function openStage(version: PushgatewayVersion) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version }));
  const stage = stack.use(await followPushgateway(pushgateway.url));
  const { store } = stage.followed;
  /** Past the gateway; what is answered 202 is done a moment later. */
  const send = async (method: string, job: string, body = ''): Promise<void> => {
    const init = method === 'DELETE' ? { method } : { method, body };
    const { status } = await fetch(`${pushgateway.url}/metrics/job/${job}`, init);
    assert.ok(status === 200 || status === 202);
  };
  const holds = (...jobs: readonly string[]) =>
    eventually(`the jobs ${jobs}`, async () => {
      const held = (await pushgateway.groups()).map(({ labels }) => labels['job'] ?? '');
      return isDeepStrictEqual(held.toSorted(), jobs) || undefined;
    });
  /** Through the gateway. */
  const push = async (job: string, families: string, body: string): Promise<void> => {
    const at = stage.clock.now();
    const claim = await claimed(store, groupPush(job, families, { at }));
    await send('PUT', job, body);
    await claim.settle('stored');
  };
  const owned = stack.move();
  return {
    ...stage,
    pushgateway,
    store,
    send,
    holds,
    push,
    jobs: () => [...store.groups()].map(({ key }) => key.job).toSorted(),
    messages: () => stage.lines.map(({ message }) => message),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

for (const version of PUSHGATEWAYS) {
  describe(`the store of a Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    test('is read once for each start, and its checks are told of', async () => {
      await using stage = await openStage(version);
      await stage.send('PUT', 'a', GAUGE);
      assert.equal(stage.followed.isReady(), false);
      await stage.probe();
      await stage.probe();
      assert.equal(stage.followed.isReady(), true);
      assert.deepEqual(stage.readings, ['read']);
      assert.deepEqual(stage.messages(), ['upstream_checks_too', 'store_read']);
      const group = stage.store.group('/metrics/job/a');
      assert.deepEqual(
        group?.families.map(({ name, type }) => ({ name, type })),
        [{ name: 'rows', type: 'gauge' }],
      );
      assert.ok(Math.abs((group?.pushedAt ?? 0) - Date.now()) < 60_000);
      const own = groupPush('b', 'pushgateway_build_info:counter');
      assert.equal(denied(await stage.store.claim(own)).reason, 'inconsistent');
    });

    test('is not read again for what goes through the gateway', async () => {
      await using stage = await openStage(version);
      await stage.send('PUT', 'a', GAUGE);
      await stage.probe();
      await stage.poll();
      await stage.push('a', 'rows:gauge', GAUGE);
      await stage.push('b', 'rows:gauge', GAUGE);
      await stage.poll();
      await stage.poll();
      const claim = await stage.store.claimDelete('/metrics/job/a');
      await stage.send('DELETE', 'a');
      await claim.settle('stored');
      await stage.holds('b');
      await stage.poll();
      assert.deepEqual([stage.readings, stage.foreign], [['read'], []]);
      assert.deepEqual(stage.jobs(), ['b']);
    });

    /** What is done, and what the log then names. */
    type Change = readonly [(s: Stage) => Promise<unknown>, Readonly<Record<string, string>>];
    const CHANGES: Readonly<Record<string, Change>> = {
      'a push of a group': [
        (s) => s.send('PUT', 'c', GAUGE).then(() => s.holds('a', 'b', 'c')),
        { c: 'appeared' },
      ],
      'a push to a group': [(s) => s.send('PUT', 'a', `${GAUGE}more 1\n`), { a: 'changed' }],
      'a delete': [(s) => s.send('DELETE', 'a').then(() => s.holds('b')), { a: 'vanished' }],
      'a wipe': [
        (s) => s.pushgateway.wipe().then(() => s.holds()),
        { a: 'vanished', b: 'vanished' },
      ],
    };
    for (const [what, [change, named]] of Object.entries(CHANGES)) {
      test(`is right one poll after ${what} past the gateway`, async () => {
        await using stage = await openStage(version);
        await stage.send('PUT', 'a', GAUGE);
        await stage.probe();
        await stage.push('b', 'rows:gauge', GAUGE);
        await stage.poll();
        assert.deepEqual(stage.readings, ['read']);
        await change(stage);
        await stage.poll();
        const held = (await stage.pushgateway.groups()).map(({ labels }) => labels['job']);
        assert.deepEqual(stage.jobs(), held.toSorted());
        assert.deepEqual(stage.readings, ['read', 'read']);
        assert.equal(stage.foreign.length, 1);
        const { message, fields } = stage.lines.at(-1) ?? assert.fail();
        assert.equal(message, 'store_changed');
        const groups = Object.entries(named).map(([job, change]) => {
          return { group: `/metrics/job/${job}`, change };
        });
        assert.deepEqual({ groups: [], ...fields }.groups, groups);
        await stage.poll();
        assert.deepEqual(stage.readings, ['read', 'read']);
      });
    }

    test('is read before a push is refused for it, once in 15 s', async () => {
      await using stage = await openStage(version);
      await stage.send('PUT', 'a', GAUGE);
      await stage.probe();
      await stage.send('DELETE', 'a');
      await stage.holds();
      const push = groupPush('b', 'rows:counter');
      assert.equal(denied(await stage.store.claim(push)).reason, 'inconsistent');
      stage.clock.advance(15_000);
      const claims = await Promise.all([1, 2, 3].map(() => stage.store.claim(push)));
      assert.deepEqual(
        claims.map(({ effect }) => effect),
        ['allow', 'allow', 'allow'],
      );
      assert.deepEqual(stage.readings, ['read', 'read']);
    });

    test('is read when pushes to a group overlapped: before a refusal, or by the next look', async () => {
      await using stage = await openStage(version);
      await stage.probe();
      const overlap = async (): Promise<void> => {
        const first = await claimed(stage.store, groupPush('a', 'rows:gauge'));
        const second = await claimed(stage.store, groupPush('a', 'more:gauge'));
        await stage.send('PUT', 'a', GAUGE);
        await stage.send('PUT', 'a', '# TYPE more gauge\nmore 1\n');
        await first.settle('stored');
        await second.settle('stored');
        await eventually('the second', async () => {
          const { body } = await stage.pushgateway.scrape();
          return (body.includes('more{') && !body.includes('rows{')) || undefined;
        });
      };
      const counter = groupPush('b', 'rows:counter');
      await overlap();
      assert.equal(denied(await stage.store.claim(counter)).reason, 'inconsistent');
      stage.clock.advance(1000); // a second after a reading there can be another one
      await (await claimed(stage.store, counter)).settle('refused');
      assert.equal(stage.store.group('/metrics/job/a')?.series, 1);
      await overlap();
      assert.equal(stage.store.group('/metrics/job/a')?.series, 2);
      stage.clock.advance(1000);
      await stage.poll();
      assert.equal(stage.store.group('/metrics/job/a')?.series, 1);
      await stage.poll();
      assert.deepEqual([stage.readings, stage.foreign], [['read', 'read', 'read'], []]);
    });

    test('is read by the look when nobody knows what came of a push, and no sooner', async () => {
      await using stage = await openStage(version);
      await stage.probe();
      await (await claimed(stage.store, groupPush('a', 'rows:gauge'))).settle('unknown');
      stage.clock.advance(14_000);
      assert.equal(
        denied(await stage.store.claim(groupPush('b', 'rows:counter'))).reason,
        'inconsistent',
      );
      await stage.poll();
      assert.deepEqual([stage.jobs(), stage.readings, stage.foreign], [[], ['read', 'read'], []]);
    });

    test('is away when nobody answers, and back later', async () => {
      await using stage = await openStage(version);
      await stage.probe();
      process.kill(stage.pushgateway.pid, 'SIGSTOP');
      stage.followed.readBy({ ...stage.reader, status: async () => undefined });
      await stage.probe();
      await stage.probe();
      assert.equal(stage.followed.isReady(), false);
      assert.equal((await stage.followed.whenKnown(0)).effect, 'allow');
      process.kill(stage.pushgateway.pid, 'SIGCONT');
      stage.followed.readBy(stage.reader);
      await stage.probe();
      assert.equal(stage.followed.isReady(), true);
      assert.deepEqual(stage.messages().slice(2), ['upstream_away', 'upstream_back']);
    });
  });
}

type Stage = Awaited<ReturnType<typeof openStage>>;

/** A server that answers by path. */
async function serve(answers: Readonly<Record<string, string>>) {
  const server = createServer((req, res) => {
    const body = answers[req.url ?? ''];
    res.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const STATUS = JSON.stringify({
  data: { start_time: '2026-01-01T00:00:00Z', build_information: { version: '1.11.2' } },
});

test('an upstream that was never there is no store: pushes are told at once', async () => {
  await using stage = await followPushgateway('http://127.0.0.1:1');
  const refusal = denied(await stage.followed.whenKnown(10_000));
  assert.equal(refusal.reason, 'upstream_unreachable');
  assert.deepEqual(
    stage.lines.map(({ message }) => message),
    ['upstream_away'],
  );
});

test('what is no Pushgateway is never ready, and the log says so once', async () => {
  const prometheus = { '/-/ready': 'OK', '/metrics': 'up 1\n', '/api/v1/status': '{"data":{}}' };
  await using server = await serve(prometheus);
  await using stage = await followPushgateway(server.url);
  await stage.probe();
  await stage.probe();
  assert.equal(stage.followed.isReady(), false);
  const refusal = denied(await stage.followed.whenKnown(0));
  assert.equal(refusal.reason, 'upstream_invalid');
  assert.match(refusal.detail ?? '', /nothing was sent/);
  assert.deepEqual(
    stage.lines.map(({ message }) => message),
    ['upstream_no_pushgateway'],
  );
});

const HOSTILE = {
  'is nested without end': '['.repeat(10_000_000),
  'is cut off': '{"data":[{"labels":{"job":"a"}',
  'is no JSON': 'nothing here',
};
for (const [what, listing] of Object.entries(HOSTILE)) {
  test(`a listing that ${what} is not ready for ever, and the log says why once`, async () => {
    const ready = { '/-/ready': 'OK', '/metrics': '', '/api/v1/status': STATUS };
    await using server = await serve({ ...ready, '/api/v1/metrics': listing });
    await using stage = await followPushgateway(server.url);
    await stage.probe();
    await stage.probe();
    assert.equal(stage.followed.isReady(), false);
    assert.equal(denied(await stage.followed.whenKnown(0)).reason, 'overloaded');
    assert.deepEqual(stage.readings.slice(0, 2), ['failed', 'failed']);
    assert.deepEqual(
      stage.lines.map(({ message }) => message),
      ['store_not_read'],
    );
  });
}
