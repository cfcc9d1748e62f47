import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { accept, type Behaviour } from '../support/upstream-behaviour.ts';
import { openRawConnection } from './raw-connection.ts';
import {
  push,
  rawPush,
  rawRequest,
  readMetric,
  type Stage,
  startStage,
  TOKEN,
  verdictOf,
} from './stage.ts';

/** Bodies that are too much: for one push, for memory, for Pushgateway. */

const MEBIBYTE = 1024 * 1024;

let stage: Stage;
before(async () => {
  stage = await startStage({
    server: { bytes_in_flight: '8MiB' },
    upstream: { timeout: '10s' },
    defaults: {
      allow: ['push', 'delete', 'read'],
      limits: {
        ...{ body: '1MiB', decoded: '4MiB', ratio: 2000, series: 1000 },
        ...{ rate: '100000/s', burst: 100_000, concurrent: 1000 },
      },
    },
  });
});
after(() => stage[Symbol.asyncDispose]());

async function pushBody(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
) {
  return await fetch(`${stage.gateway.url}/metrics/job/etl`, {
    method: 'PUT',
    headers: { authorization: TOKEN.authorization, ...headers },
    body,
  });
}

/** One series, as long as it must be. */
function bodyOf(bytes: number): string {
  const line = 'rows 1\n';
  return `${line}#${' '.repeat(bytes - line.length - 2)}\n`;
}

const OVERLOADED = 'pushwarden_refusals_total{team="etl",reason="overloaded"}';

test('row 47: of 50 large uploads at once only so many are held as fit into the memory for them', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const gate = Promise.withResolvers<void>();
  const waiting: Behaviour = async (socket, request) => {
    await gate.promise;
    await accept(socket, request);
  };
  upstream.behave(waiting);
  const body = bodyOf(MEBIBYTE);
  const answers = Promise.all(Array.from({ length: 50 }, () => pushBody(body)));
  await eventually('as many refusals as there must be', async () =>
    (await readMetric(gateway, OVERLOADED)) === 42 ? true : undefined,
  );
  const held = await readMetric(gateway, 'pushwarden_bytes_in_flight');
  gate.resolve();
  const verdicts = Object.groupBy(await answers, ({ status }) => String(status));
  assert.deepEqual([verdicts['200']?.length, verdicts['503']?.length], [8, 42]);
  assert.equal(held, 8 * MEBIBYTE);
  for (const answer of verdicts['503'] ?? []) {
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal(await verdictOf(answer), '503 overloaded');
  }
  assert.equal(await readMetric(gateway, 'pushwarden_bytes_in_flight'), 0);
  upstream.behave(accept);
  assert.equal((await pushBody(body)).status, 200);
});

/** What the kernel buffers on both sides and the gateway throws away, with room to spare. */
const MAX_TAKEN_BYTES = 32 * MEBIBYTE;
const DECLARED = 'Content-Length: 2000000000';
const CHUNKED = 'Transfer-Encoding: chunked';
const ANYBODY = (line: string): string =>
  `${line} HTTP/1.1\r\nHost: gateway\r\n${DECLARED}\r\n\r\n`;

const FLOODS = {
  'a push over the limit': [rawRequest('PUT /metrics/job/a', [DECLARED]), 413],
  'a push over the limit in chunks': [rawRequest('PUT /metrics/job/a', [CHUNKED]), 413],
  'a push without a credential': [ANYBODY('PUT /metrics/job/a'), 401],
  'a push to another place': [rawRequest('PUT /api/v1/admin/wipe', [DECLARED]), 404],
  'a delete': [rawRequest('DELETE /metrics/job/a', [DECLARED]), 202],
  'a read': [rawRequest('GET /metrics', [DECLARED]), 400],
  'a health probe': [ANYBODY('GET /-/healthy'), 200],
} as const;
for (const [name, [head, status]] of Object.entries(FLOODS)) {
  test(`row 48: ${name} with 2 GB behind it is answered ${status} and cut off`, async () => {
    using connection = await openRawConnection(stage.gateway.port);
    connection.socket.write(head);
    const part = Buffer.alloc(0x10000, 'x');
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]);
    await connection.flood(head.includes(CHUNKED) ? chunk : part, 5000);
    assert.equal(connection.hasEnded(), true);
    assert.ok(
      connection.socket.bytesWritten < MAX_TAKEN_BYTES,
      `${connection.socket.bytesWritten}`,
    );
    assert.match(connection.received(), new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(connection.received(), /^connection: close\r$/im);
  });
}

test('row 48: a refused upload of moderate size keeps its connection', async () => {
  const body = 'x'.repeat(100_000);
  const send = rawPush('%2F', body) + rawPush('etl');
  const { answers, ending } = await exchange({ port: stage.gateway.port, send, expect: 2 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [400, 200],
  );
  assert.equal(ending, 'open');
});

const EXPECT = 'Expect: 100-continue';
const UNWANTED = {
  'that is too large': rawRequest('PUT /metrics/job/a', [EXPECT, DECLARED]),
  'to a place that takes none': rawRequest('PUT /metrics/job/a%2Fb', [EXPECT, DECLARED]),
  'of an encoding that is not known': rawRequest('PUT /metrics/job/a', [
    ...[EXPECT, 'Content-Length: 9', 'Content-Encoding: br'],
  ]),
  'of nobody': `PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\n${EXPECT}\r\n${DECLARED}\r\n\r\n`,
};
for (const [name, head] of Object.entries(UNWANTED)) {
  test(`row 48: who asks first whether to send a body ${name} gets the final answer at once`, async () => {
    const { answers, ending } = await exchange({
      port: stage.gateway.port,
      send: head,
      quietMs: 1500,
    });
    assert.equal(answers.length, 1);
    assert.ok((answers[0]?.status ?? 0) >= 400);
    assert.equal(ending, 'closed');
  });
}

test('row 48: who asks first is told to send what everything but the body allows', async () => {
  const head = rawRequest('PUT /metrics/job/a', [EXPECT, 'Content-Length: 7']);
  const { answers } = await exchange({ port: stage.gateway.port, send: [head, 'rows 1\n'] });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [100, 200],
  );
});

test('row 48: HTTP/1.0 gets no interim answer', async () => {
  const head = rawRequest('PUT /metrics/job/a', [EXPECT, 'Content-Length: 7'], 'rows 1\n');
  const { answers } = await exchange({
    port: stage.gateway.port,
    send: head.replace('HTTP/1.1', 'HTTP/1.0'),
  });
  assert.equal(finalAnswer(answers), answers[0]);
  assert.equal(answers[0]?.status, 200);
});

const BOMBS = {
  'a gzip bomb': gzipSync(Buffer.alloc(100 * MEBIBYTE, 'rows 1\n')),
  'a bomb of many members': Buffer.concat(
    Array.from({ length: 50 }, () => gzipSync(Buffer.alloc(2 * MEBIBYTE))),
  ),
};
for (const [name, bomb] of Object.entries(BOMBS)) {
  test(`row 49: ${name} is refused at the limit of what it may decode to`, async () => {
    const { gateway, upstream } = stage;
    upstream.forget();
    const answer = await pushBody(new Uint8Array(bomb), { 'content-encoding': 'gzip' });
    assert.equal(await verdictOf(answer), '413 decoded_too_large');
    assert.equal(upstream.byteCount, 0);
    assert.equal(await readMetric(gateway, 'pushwarden_bytes_in_flight'), 0);
  });
}

test('row 50: 300 000 series are refused, and nobody else waits for it', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  const lines = Array.from({ length: 300_000 }, (_, index) => `r${index} 1\n`);
  const body = gzipSync(lines.join(''));
  const [large, other] = await Promise.all([
    pushBody(new Uint8Array(body), { 'content-encoding': 'gzip' }),
    push(gateway, 'other'),
  ]);
  assert.deepEqual(
    [await verdictOf(large), await verdictOf(other)],
    ['413 too_many_series', '200'],
  );
  assert.deepEqual(
    upstream.requests.map(({ target }) => target),
    ['/metrics/job/other'],
  );
});
