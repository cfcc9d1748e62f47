import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { startPushgateway } from '../support/pushgateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis-server.ts';
import { accept, answer } from '../support/upstream-behaviour.ts';
import { stageDocument, TOKEN } from './stage.ts';
import type { PartitionResult } from './state-partition-program.ts';

const run = promisify(execFile);
const LATE_MS = 200;
const PROGRAM = fileURLToPath(new URL('./state-partition-program.ts', import.meta.url));

function namespacesMissing(): string | false {
  const { status } = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']);
  return status === 0 ? false : 'network namespaces are not permitted here';
}

test('row 63: a gateway that is cut off from Redis refuses, the others go on, and it comes back', {
  skip: missingPrograms(['redis-7', 'pushgateway-1.5']) || namespacesMissing(),
}, async (t) => {
  const program = [process.execPath, PROGRAM];
  const loopback = 'ip link set lo up && exec "$@"';
  const { stdout } = await run('unshare', ['--net', 'sh', '-c', loopback, 'sh', ...program]);
  const result: PartitionResult = JSON.parse(stdout);
  const { refused, underWay, others, meanwhile, backMs, areAlike } = result;
  const slowest = Math.max(...refused.map(({ ms }) => ms));
  t.diagnostic(`refused within ${slowest.toFixed(0)} ms, back after ${backMs.toFixed(0)} ms`);
  assert.equal(underWay, '200');
  for (const { verdict, ms } of refused) {
    assert.equal(verdict, '503 state_unavailable');
    assert.ok(ms < 4000, `${ms} ms`); // 2 s at most until it is known, on a machine that is not busy
  }
  assert.deepEqual([others.before, others.after], ['429 too_many_concurrent', '200']);
  assert.equal(meanwhile, '200');
  assert.ok(backMs < 4000, `${backMs} ms`);
  assert.ok(areAlike);
});

/** Passes on what is sent at once, and what is answered after a while, in its order. */
async function startSlowWay(port: number, lateMs: number) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket.on('error', () => undefined).setNoDelay());
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => setTimeout(() => client.write(data), lateMs));
    client.on('close', () => upstream.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port: own } = server.address() as AddressInfo; // of a TCP server
  return {
    url: `redis://127.0.0.1:${own}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('row 65: pushes are slower, not wrong, where the answers of Redis are late', {
  skip: missingPrograms(['redis-7', 'pushgateway-1.5']),
}, async (t) => {
  await using redis = await startRedis();
  await using slow = await startSlowWay(redis.port, LATE_MS);
  await using pushgateway = await startPushgateway({ version: '1.5' });
  const open = (url: string) => startGateway(stageDocument(pushgateway.url, { state: { url } }));
  await using late = await open(slow.url);
  await using prompt = await open(redis.url);
  for (const { url } of [late, prompt]) {
    await eventually(
      'it takes pushes',
      async () => (await pushOf(url, 'etl', 'rows 1\n')) === 200 || undefined,
    );
  }
  let longestMs = 0;
  for (let round = 0; round < 5; round += 1) {
    const ends = ['gauge', 'counter'].flatMap((type) =>
      [late, prompt].map(async ({ url }, index) => {
        const beganAt = performance.now();
        const body = `# TYPE race_${round} ${type}\nrace_${round} 1\n`;
        const status = await pushOf(url, `race_${round}_${type}_${index}`, body);
        longestMs = Math.max(longestMs, performance.now() - beganAt);
        return { type, status };
      }),
    );
    const taken = (await Promise.all(ends)).filter(({ status }) => status === 200);
    assert.equal(taken.length, 2, 'both of one type');
    assert.equal(new Set(taken.map(({ type }) => type)).size, 1);
  }
  t.diagnostic(`the longest push took ${longestMs.toFixed(0)} ms`);
  assert.ok(longestMs >= 3 * LATE_MS);
  assert.equal((await pushgateway.scrape()).status, 200);
});

test('row 67: what waits for a connection to Pushgateway is not sent once its claim has ended', {
  skip: missingPrograms(['redis-7']),
}, async () => {
  await using redis = await startRedis();
  await using upstream = await startRecordingUpstream();
  const change = { state: { url: redis.url }, upstream: { connections: 1, timeout: '30s' } };
  await using gateway = await startGateway(stageDocument(upstream.url, change));
  const { url } = gateway;
  const isTaken = async () => (await pushOf(url, 'etl', 'rows 1\n')) === 200 || undefined;
  await eventually('it takes pushes', isTaken);
  upstream.forget();
  const held = Promise.withResolvers<Socket>();
  upstream.behave(held.resolve);
  const first = pushOf(url, 'first', 'rows 1\n');
  const socket = await held.promise;
  const second = pushOf(url, 'second', 'rows 1\n');
  await delay(500); // it is claimed, and has no connection
  await redis.stop();
  await using _again = await startRedis({ port: redis.port });
  await delay(1500); // the gateway has asked, and knows that its claims have ended
  upstream.behave(accept);
  socket.write(answer('200 OK'));
  assert.deepEqual([await first, await second], [200, 503]);
  assert.equal(upstream.requests.length, 1);
  await eventually('it takes pushes again', isTaken);
});

async function pushOf(url: string, job: string, body: string): Promise<number> {
  const headers = { authorization: TOKEN.authorization };
  const answer = await fetch(`${url}/metrics/job/${job}`, { method: 'PUT', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}
