import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRawConnection } from '../faults/raw-connection.ts';
import { rawRequest, readMetric, type Stage, startStage } from '../faults/stage.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';

/**
 * The attack: a request that is refused, or a health probe, with a body of 42 000 chunks of one byte
 * behind it, again and again on sixteen connections. Nobody wanted the body, but the parser went
 * through all of it and called back for each chunk: pushes of others took a hundred times as long.
 */
const CHUNKED = 'Transfer-Encoding: chunked';
const HEADS = {
  'a push without a credential': [
    `PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\n${CHUNKED}\r\n\r\n`,
    401,
  ],
  'a health probe': [`GET /-/healthy HTTP/1.1\r\nHost: g\r\n${CHUNKED}\r\n\r\n`, 200],
  'a push to a place that takes none': [rawRequest('PUT /metrics/job/a%2Fb', [CHUNKED]), 400],
} as const;
const MALFORMED = 'pushwarden_refusals_total{team="",reason="request_malformed"}';

let stage: Stage;
before(async () => {
  stage = await startStage({ server: { chunks: 1000 } });
});
after(() => stage[Symbol.asyncDispose]());

for (const [name, [head, status]] of Object.entries(HEADS)) {
  test(`nothing is parsed of what comes behind ${name}`, async () => {
    const { gateway } = stage;
    // as one segment, in two, and with the end of the head in another than its beginning
    for (const at of [0, head.length, head.length - 2]) {
      const bytes = `${head}zz\r\n`;
      const send = at === 0 ? bytes : [bytes.slice(0, at), bytes.slice(at)];
      const { answers, ending } = await exchange({ port: gateway.port, send, quietMs: 1500 });
      assert.deepEqual([answers.length, answers[0]?.status, ending], [1, status, 'closed']);
    }
    // The chunk is malformed: who parses it, says so.
    assert.equal(await readMetric(gateway, MALFORMED), 0);
  });
}

test('a client that reads nothing before it has sent 256 KiB of chunks gets its answer', async () => {
  const chunks = '1\r\nx\r\n'.repeat(42_000);
  const [head] = HEADS['a push without a credential'];
  using connection = await openRawConnection(stage.gateway.port);
  connection.socket.pause();
  await new Promise((resolve) => connection.socket.write(head + chunks, resolve));
  connection.socket.resume();
  await connection.ended;
  assert.match(connection.received(), /^HTTP\/1\.1 401 /);
});

test('a connection that asks again and again with a body keeps nothing of it', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  const body = 'x'.repeat(20_000);
  const probe = `GET /-/healthy HTTP/1.1\r\nHost: g\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const last = 'GET /-/healthy HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n';
  const send = [...Array.from({ length: 15 }, () => probe), last];
  const { answers } = await exchange({ port: stage.gateway.port, send });
  process.off('warning', note);
  assert.equal(answers.length, 16);
  assert.deepEqual(warnings, []);
});

test('a push in more chunks than there may be is refused, and one in fewer taken', async () => {
  const { gateway, upstream } = stage;
  upstream.forget();
  for (const [chunks, status] of [
    [1001, 413],
    [999, 200],
  ] as const) {
    const body = `${'1\r\n#\r\n'.repeat(chunks - 1)}8\r\n\nrows 1\n\r\n0\r\n\r\n`;
    const send = rawRequest('PUT /metrics/job/a', [CHUNKED], body);
    const answer = finalAnswer((await exchange({ port: gateway.port, send })).answers);
    assert.equal(answer?.status, status);
    if (status === 413) assert.match(answer.body.toString(), /more than 1000 chunks/);
  }
  assert.equal(upstream.requests.length, 1);
});
