import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startServe } from '../faults/serve-process.ts';
import { createDraw } from '../support/draw.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/free-port.ts';
import { listUnexplained, readHeldGroups } from '../support/held-groups.ts';
import { TOKEN } from '../support/one-team.ts';
import type { Operation } from '../support/push-history.ts';
import { pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { CLIENTS, createClient } from '../support/pushing-clients.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

/**
 * Groups are moved to another Pushgateway and back while clients push to them and delete them, and
 * while the whole is scraped without a pause; then a Pushgateway and the gateway are killed in the
 * middle of it.
 */

const READER = tokenCredential('prometheus');
const { authorization } = TOKEN;
/** Groups that are pushed to again and again, and never deleted. */
const STEADY = 4;
/** Groups that nobody pushes to any more. */
const RESTING = 220;

test('row 66: a rebalance under load loses no push, and shows no series twice or none', {
  skip: pushgatewayMissing('1.5') || pushgatewayMissing('1.11'),
}, async () => {
  await using scratch = await createScratch();
  await using stack = new AsyncDisposableStack();
  const saving = (name: string) => ({
    persistenceFile: join(scratch.path, name),
    args: ['--persistence.interval=1ms', '--push.disable-consistency-check'],
  });
  const old = stack.use(await startPushgateway({ version: '1.5', ...saving('old') }));
  const target = { version: '1.11', ...saving('recent') } as const;
  let recent = await startPushgateway(target);
  stack.defer(async () => void (await recent.stop()));
  const listen = `127.0.0.1:${await findFreePort()}`;
  const document = (upstream: string) => ({
    ...{ listen, admin: { listen: '127.0.0.1:0' } },
    defaults: { limits: { rate: '10000/s', burst: 10_000 } },
    audit: { file: join(scratch.path, 'audit.jsonl'), sync: 'none' },
    upstreams: {
      a: { url: old.url },
      b: { url: recent.url, timeout: '2s' },
    },
    teams: {
      all: {
        ...{ jobs: ['*'], allow: ['push', 'delete'], upstream, credentials: [TOKEN.spec] },
      },
      prometheus: { jobs: ['*'], allow: ['read'], credentials: [READER.spec] },
    },
  });
  const write = (upstream: string) =>
    scratch.write('pushwarden.yaml', JSON.stringify(document(upstream)));
  const config = await write('a');
  let gateway = await startServe(config).ready;
  stack.defer(async () => void (await gateway.stop()));
  const url = `http://${listen}`;
  const admin = (path: string) => fetch(`${gateway.ready.adminUrl}${path}`, { method: 'POST' });
  const moveTo = async (upstream: string): Promise<void> => {
    await write(upstream);
    assert.equal((await admin('/-/reload')).status, 200);
  };
  const rebalance = async () => {
    const lines = (await (await admin('/-/rebalance')).text()).trim().split('\n');
    const [end = '{}'] = lines.slice(-1);
    return { ...JSON.parse(end), lines };
  };
  const push = async (job: string, body: string): Promise<boolean> => {
    const options = { method: 'PUT', headers: { authorization }, body };
    try {
      const answer = await fetch(`${url}/metrics/job/${job}`, options);
      await answer.text();
      return answer.ok;
    } catch {
      return false;
    }
  };

  const operations: Operation[] = [];
  const steady = Array.from({ length: STEADY }, () => 0);
  const clients = Array.from({ length: CLIENTS }, (_, name) =>
    createClient(url, operations, { name, draw: createDraw(7 + name) }),
  );
  const pushSteadily = async (index: number, stop: AbortSignal): Promise<void> => {
    for (let value = (steady[index] ?? 0) + 1; !stop.aborted; value += 1) {
      if (await push(`steady_${index}`, `steady ${value}\n`)) steady[index] = value;
      await delay(5);
    }
  };
  const underLoad = async <T>(work: () => Promise<T>): Promise<T> => {
    const stop = new AbortController();
    const running = [
      ...clients.map((run) => run(stop.signal)),
      ...steady.map((_, index) => pushSteadily(index, stop.signal)),
    ];
    try {
      return await work();
    } finally {
      stop.abort();
      await Promise.all(running);
    }
  };
  const scrape = async (): Promise<readonly string[]> => {
    const answer = await fetch(`${url}/metrics`, {
      headers: { authorization: READER.authorization },
    });
    assert.equal(answer.status, 200);
    return (await answer.text()).split('\n').filter((line) => /^[^#]/.test(line));
  };
  let scrapes = 0;
  const watch = async (stop: AbortSignal): Promise<void> => {
    let missing = new Set<string>();
    while (!stop.aborted) {
      const series = (await scrape()).map((line) => line.slice(0, line.lastIndexOf(' ')));
      const seen = new Set(series);
      assert.equal(seen.size, series.length, 'a series is there twice');
      const now = new Set(lasting.filter((one) => !seen.has(one)));
      assert.deepEqual([...now.intersection(missing)], [], 'missing in two scrapes in a row');
      missing = now;
      scrapes += 1;
    }
  };
  const name = (family: string, job: string) => `${family}{instance="",job="${job}"}`;
  const lasting = [
    ...steady.map((_, index) => name('steady', `steady_${index}`)),
    ...Array.from({ length: RESTING }, (_, index) => name('resting', `resting_${index}`)),
  ];
  await Promise.all(
    Array.from({ length: RESTING }, (_, index) => push(`resting_${index}`, `resting ${index}\n`)),
  );
  await Promise.all(steady.map((_, index) => push(`steady_${index}`, 'steady 0\n')));
  const jobsOf = async ({ groups }: typeof recent) =>
    (await groups()).map(({ labels }) => labels['job'] ?? '');

  await underLoad(async () => {
    const stop = new AbortController();
    const watching = watch(stop.signal);
    try {
      for (const upstream of ['b', 'a']) {
        await moveTo(upstream);
        const run = await rebalance();
        assert.equal(run.status, 'success', run.lines.join('\n'));
        assert.ok(run.moved >= RESTING + STEADY, run.lines.at(-1));
      }
    } finally {
      stop.abort();
      await watching;
    }
  });
  assert.ok(scrapes > 5);
  assert.deepEqual(await jobsOf(recent), []);
  const held = () =>
    readHeldGroups({ scrape: async () => ({ status: 200, body: (await scrape()).join('\n') }) });
  assert.deepEqual(listUnexplained(operations, await held()), []);

  // the target hangs in the middle, and is killed then
  await moveTo('b');
  const hanging = (await admin('/-/rebalance')).body?.getReader();
  await hanging?.read(); // some have been moved
  await delay(20); // and are on its disk
  process.kill(recent.pid, 'SIGSTOP');
  await underLoad(() => delay(200));
  await recent.stop('SIGKILL');
  while ((await hanging?.read())?.done === false);
  recent = await startPushgateway({ ...target, port: recent.port });

  // the gateway is killed in the middle
  await eventually(
    'it is back',
    async () => (await admin('/-/quarantine?dry_run=true')).ok || undefined,
  );
  await underLoad(async () => {
    const answer = await admin('/-/rebalance');
    const reader = answer.body?.getReader();
    await reader?.read(); // some have been moved
    await gateway.stop('SIGKILL');
    gateway = await startServe(config).ready;
    await delay(100);
  });
  const last = await rebalance();
  assert.equal(last.status, 'success', last.lines.at(-1));
  assert.deepEqual(await jobsOf(old), []);
  const whole = (await scrape()).join('\n');
  assert.deepEqual(listUnexplained(operations, await held()), []);
  for (const [index, value] of steady.entries()) {
    const series = name('steady', `steady_${index}`);
    const stored = whole.split(`${series} `)[1]?.split('\n')[0];
    assert.ok(Number(stored) >= value, `steady_${index}: ${value} was acknowledged, not ${stored}`);
  }
  for (let index = 0; index < RESTING; index += 1) {
    assert.ok(
      whole.includes(`${name('resting', `resting_${index}`)} ${index}`),
      `resting ${index}`,
    );
  }
});
