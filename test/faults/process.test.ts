import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import * as behaviour from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import { push, rawPush, rawRequest, readMetric, stageDocument, TOKEN, verdictOf } from './stage.ts';

/** What has ended processes like this one: here the process goes on, and its log stays readable. */

async function scrape({ url }: GatewayProcess): Promise<Response> {
  return await fetch(`${url}/metrics`, { headers: { authorization: TOKEN.authorization } });
}

/** The process is the one that was started, and everything that it wrote is a record. */
async function assertSound(gateway: GatewayProcess): Promise<void> {
  assert.equal((await push(gateway)).status, 200);
  assert.equal((await scrape(gateway)).status, 200);
  const errors = gateway.log
    .map((line) => JSON.parse(line))
    .filter(({ level }) => level === 'error');
  assert.deepEqual(errors, []);
}

const ODD_ANSWERS = {
  'row 9: a status below 100': behaviour.replyStatus('000 Zero'),
  'row 9: a status of two digits with a zero before it': behaviour.replyStatus('099 Odd'),
  'row 9: a switch of protocols': behaviour.replyStatus('101 Switching', [
    ...['Connection: upgrade', 'Upgrade: x'],
  ]),
  'row 9: a status that does not exist': behaviour.replyStatus('999 Much'),
  'row 10: a control byte in the reason phrase': behaviour.replyStatus('500 O\u0001K'),
};

test('rows 9 and 10: no status and no reason phrase of the upstream ends the process', async (t) => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  for (const [name, misbehaviour] of Object.entries(ODD_ANSWERS)) {
    await t.test(name, async () => {
      upstream.behave(misbehaviour);
      const answers = [
        await push(gateway),
        await push(gateway, 'etl', 'DELETE'),
        await scrape(gateway),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [502, 502, 502],
      );
      upstream.behave(behaviour.accept);
      await assertSound(gateway);
    });
  }
});

test('row 13: a scrape that nobody waits for any more is not sent, and its answer ends nothing', async () => {
  await using upstream = await startRecordingUpstream();
  const change = { upstream: { timeout: '30s', connections: 1 } };
  await using gateway = await startGatewayProcess(stageDocument(upstream.url, change));
  const underWay = (count: number) =>
    eventually(`${count} requests under way`, async () => {
      const seen = await readMetric(gateway, 'pushwarden_requests_in_flight');
      return seen === count || undefined;
    });
  const { promise: release, resolve: answerFirst } = Promise.withResolvers<void>();
  upstream.behave(async (socket, request) => {
    await release;
    await behaviour.accept(socket, request);
  });
  const first = scrape(gateway);
  await upstream.received(1);
  const impatient = await Promise.all(
    Array.from({ length: 5 }, () => openRawConnection(gateway.port)),
  );
  for (const { socket } of impatient) socket.write(rawRequest('GET /metrics'));
  await underWay(6);
  for (const { socket } of impatient) socket.resetAndDestroy(); // a mere end could be half of one
  await underWay(1);
  answerFirst();
  assert.equal((await first).status, 200);
  await assertSound(gateway);
  assert.equal(upstream.requests.length, 3); // the first, and two of a sound gateway
});

test('row 13: scrapes over the bound of the queue are refused', async () => {
  await using upstream = await startRecordingUpstream(behaviour.hang);
  const change = { upstream: { timeout: '500ms', connections: 1 } };
  await using gateway = await startGatewayProcess(stageDocument(upstream.url, change));
  const answers = await Promise.all(Array.from({ length: 40 }, () => scrape(gateway)));
  const verdicts = Object.groupBy(await Promise.all(answers.map(verdictOf)), (verdict) => verdict);
  assert.deepEqual(Object.keys(verdicts).toSorted(), ['503 overloaded', '504 upstream_timeout']);
  assert.equal(verdicts['503 overloaded']?.length, 8);
  upstream.behave(behaviour.accept);
  await assertSound(gateway);
});

test('a client that resets its connection ends nothing, whatever it asked for', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  const requests = [
    'CONNECT gateway:1 HTTP/1.1\r\nHost: gateway\r\n\r\n',
    rawRequest('GET /metrics'),
    rawRequest('GET /metrics', ['Connection: upgrade', 'Upgrade: websocket']),
    rawRequest('PUT /metrics/job/etl', ['Content-Length: 9', 'Expect: 100-continue']),
    'NONSENSE\r\n\r\n',
  ];
  for (let round = 0; round < 200; round += 1) {
    using connection = await openRawConnection(gateway.port);
    connection.socket.write((requests[round % requests.length] ?? '') + 'x'.repeat(round * 100));
    if (round % 3 > 0) await delay(round % 3);
    connection.socket.resetAndDestroy();
  }
  await assertSound(gateway);
});

test('scrapes leave no warning in the log', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  for (let count = 0; count < 20; count += 1) assert.equal((await scrape(gateway)).status, 200);
  await assertSound(gateway);
  const levels = gateway.log.map((line) => JSON.parse(line).level);
  assert.deepEqual(new Set(levels), new Set(['info']));
});

test('row 47: what was pushed does not stay in memory', async () => {
  await using upstream = await startRecordingUpstream();
  const limits = { rate: '10000/s', burst: 10_000 };
  const change = { defaults: { allow: ['push', 'read'], limits } };
  await using gateway = await startGatewayProcess(stageDocument(upstream.url, change), {
    ...process.env,
    NODE_OPTIONS: '--max-old-space-size=64',
  });
  // A part of a body that is remembered, such as a long name, must not hold on to all of it.
  const body = `rows_of_a_metric_with_a_long_name 1\n#${' '.repeat(1_000_000)}\n`;
  for (let count = 0; count < 60; count += 1) {
    const headers = { authorization: TOKEN.authorization };
    const target = `${gateway.url}/metrics/job/etl/instance/${count}`;
    assert.equal((await fetch(target, { method: 'PUT', headers, body })).status, 200);
    upstream.forget();
  }
  await assertSound(gateway);
});

/** The lowest number that a new file descriptor of a process could get. */
async function nextDescriptor(pid: number): Promise<number> {
  const taken = new Set((await readdir(`/proc/${pid}/fd`)).map(Number));
  let next = 0;
  while (taken.has(next)) next += 1;
  return next;
}

test('row 46: without file descriptors left a push ends in 502, and the gateway recovers', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  const limit = (descriptors: number): void => {
    execFileSync('prlimit', [`--pid=${gateway.pid}`, `--nofile=${descriptors}:4096`]);
  };
  using client = await openRawConnection(gateway.port);
  client.socket.write(rawRequest('GET /-/healthy'));
  await eventually('its acceptance', () => (client.received() === '' ? undefined : true));
  await eventually('a push that finds no descriptor left', async () => {
    const before = client.received().length;
    // What is open to the upstream could be used again.
    await upstream.refuse();
    await upstream.listen();
    limit(await nextDescriptor(gateway.pid));
    client.socket.write(rawPush());
    const answer = await eventually('its answer', () => {
      const received = client.received().slice(before);
      return received.includes('\r\n\r\n') ? received : undefined;
    });
    return answer.includes(' 502 Bad Gateway (upstream_unreachable)') || undefined;
  });
  using late = await openRawConnection(gateway.port);
  late.socket.write(rawPush());
  assert.match(await late.ended, /closed|reset/);
  limit(4096);
  await assertSound(gateway);
  const records = await gateway.auditRecords();
  assert.ok(records.some((record) => record.event === 'outcome' && record.status === 502));
});

const FAULT = `
import { ServerResponse } from 'node:http';
const { writeHead } = ServerResponse.prototype;
ServerResponse.prototype.writeHead = function (status, ...rest) {
  if (status === 200 && this.req.url.endsWith('/fault')) throw new Error('out of the blue');
  return writeHead.call(this, status, ...rest);
};
`;

test('row 53: an exception in a handler is answered 500, is logged, and ends nothing', async () => {
  await using scratch = await createScratch();
  const fault = await scratch.write('fault.mjs', FAULT);
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url), {
    ...process.env,
    NODE_OPTIONS: `--import=${fault}`,
  });
  const answer = await push(gateway, 'fault');
  const text = await answer.text();
  assert.match(`${answer.status} ${text}`, /^500 internal_error: the gateway failed \(\w+\)\n/);
  const logged = await eventually('the log', () =>
    gateway.log.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'internal_error'),
  );
  assert.equal(logged.request_id, answer.headers.get('x-request-id'));
  assert.match(logged.error.stack, /out of the blue\n.*fault\.mjs/);
  assert.equal((await push(gateway)).status, 200);
});

/** A name server that does not know the upstream until a file is there; every thread has one. */
const NAME_SERVER = `
import dns from 'node:dns';
import { existsSync } from 'node:fs';
const { lookup } = dns;
dns.lookup = (name, options, answer) => {
  if (name !== 'pushgateway.example') return lookup(name, options, answer);
  if (existsSync(process.env.KNOWN)) return lookup(process.env.UPSTREAM_HOST, options, answer);
  process.nextTick(answer, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
};
`;

test('row 55: an upstream whose name is not known ends a push in 502, and is asked for again', async () => {
  await using scratch = await createScratch();
  const names = await scratch.write('names.mjs', NAME_SERVER);
  await using upstream = await startRecordingUpstream();
  const url = `http://pushgateway.example:${upstream.port}`;
  await using gateway = await startGatewayProcess(stageDocument(url), {
    ...process.env,
    NODE_OPTIONS: `--import=${names}`,
    UPSTREAM_HOST: upstream.host,
    KNOWN: `${scratch.path}/known`,
  });
  assert.equal(await verdictOf(await push(gateway)), '502 upstream_unreachable');
  assert.equal((await scrape(gateway)).status, 502);
  assert.equal((await fetch(`${gateway.url}/-/ready`)).status, 503);
  await scratch.write('known', '');
  await eventually('the upstream', async () =>
    (await push(gateway)).status === 200 ? true : undefined,
  );
  await assertSound(gateway);
});
