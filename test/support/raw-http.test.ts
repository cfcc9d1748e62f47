import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange } from './raw-http.ts';
import { startRecordingUpstream } from './recording-upstream.ts';
import * as behaviour from './upstream-behaviour.ts';

const REQUEST = 'POST /metrics/job/a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nb 1\n';

test('an exchange ends after the answer, on a connection that stays open', async () => {
  await using upstream = await startRecordingUpstream();
  const { answers, ending } = await exchange({
    host: upstream.host,
    port: upstream.port,
    send: REQUEST,
  });
  assert.deepEqual(
    answers.map(({ status, phrase }) => [status, phrase]),
    [[200, 'OK']],
  );
  assert.equal(ending, 'open');
  assert.deepEqual(upstream.requests[0]?.raw.toString(), REQUEST);
});

test('an exchange counts pipelined answers and interim ones', async () => {
  const interim = `HTTP/1.1 100 Continue\r\n\r\n${behaviour.answer('202 Accepted')}`;
  await using upstream = await startRecordingUpstream(behaviour.reply(interim));
  const send = [REQUEST, REQUEST];
  const { answers } = await exchange({ host: upstream.host, port: upstream.port, send, expect: 2 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [100, 202, 100, 202],
  );
  assert.deepEqual(
    upstream.requests.map(({ turn }) => turn),
    [0, 1],
  );
});

test('an exchange decodes chunks and says whether they arrived in full', async () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';
  await using upstream = await startRecordingUpstream(behaviour.replyThenClose(head));
  const cut = await exchange({ host: upstream.host, port: upstream.port, send: REQUEST });
  upstream.behave(behaviour.replyThenClose(`${head}0\r\n\r\n`));
  const whole = await exchange({ host: upstream.host, port: upstream.port, send: REQUEST });
  assert.deepEqual(
    [cut, whole].map(({ answers: [answer] }) => [answer?.body.toString(), answer?.complete]),
    [
      ['abc', false],
      ['abc', true],
    ],
  );
});

const endings = [
  ['hang', behaviour.hang, 'open'],
  ['reset', behaviour.reset, 'reset'],
  ['close', behaviour.close, 'closed'],
] as const;
for (const [name, misbehaviour, ending] of endings) {
  test(`an exchange tells that the peer did ${name}`, async () => {
    await using upstream = await startRecordingUpstream(misbehaviour);
    const result = await exchange({
      host: upstream.host,
      port: upstream.port,
      send: REQUEST,
      timeoutMs: 200,
    });
    assert.deepEqual([result.ending, result.answers.length], [ending, 0]);
  });
}

test('an upstream that refuses accepts again on the same port', async () => {
  await using upstream = await startRecordingUpstream();
  await upstream.refuse();
  assert.equal(
    (await exchange({ host: upstream.host, port: upstream.port, send: REQUEST })).ending,
    'reset',
  );
  await upstream.listen();
  assert.equal(
    (await exchange({ host: upstream.host, port: upstream.port, send: REQUEST })).answers.length,
    1,
  );
});
