import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';
import * as behaviour from '../support/upstream-behaviour.ts';

/**
 * A scrape is streamed, so an upstream that fails half-way cannot be answered with a status any
 * more: then the connection breaks, and never does a part look like a whole.
 */

const TOKEN = tokenCredential('prometheus');
const TIMEOUT_MS = 1000;

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'Transfer-Encoding: chunked';

const stack = new AsyncDisposableStack();
let upstream: RecordingUpstream;
let gateway: TestGateway;
before(async () => {
  upstream = stack.use(await startRecordingUpstream());
  gateway = stack.use(
    await startGateway({
      upstream: { url: upstream.url, timeout: `${TIMEOUT_MS}ms` },
      teams: { prometheus: { jobs: ['*'], allow: ['read'], credentials: [TOKEN.spec] } },
    }),
  );
});
after(() => stack.disposeAsync());

async function scrape(headers: readonly string[] = []) {
  const lines = [
    'GET /metrics?format=any HTTP/1.1',
    'Host: gateway.example',
    `Authorization: ${TOKEN.authorization}`,
    ...headers,
  ];
  const send = `${lines.join('\r\n')}\r\n\r\n`;
  const { answers, ending } = await exchange({ port: gateway.port, send });
  return { answer: finalAnswer(answers), ending };
}

async function recover() {
  upstream.behave(behaviour.accept);
  const { answer } = await scrape();
  assert.equal(answer?.status, 200);
  upstream.forget();
}

/** What the upstream does, by the answer that the scrape ends in. */
const FAULTS: Readonly<Record<string, Readonly<Record<string, behaviour.Behaviour>>>> = {
  '504 upstream_timeout': { hangs: behaviour.hang },
  '502 upstream_unreachable': { resets: behaviour.reset, closes: behaviour.close },
  '502 upstream_invalid': {
    'talks garbage': behaviour.replyThenClose('EHLO\r\n\r\n'),
    'gives two framings': behaviour.reply(`${OK}Content-Length: 0\r\n${CHUNKED}\r\n\r\n`),
    'sends a header of 20 KB': behaviour.replyStatus('200 OK', [`X: ${'x'.repeat(20_000)}`]),
    'answers 000': behaviour.replyStatus('000 Zero'),
    'answers 099': behaviour.replyStatus('099 Odd'),
    'answers 101': behaviour.replyStatus('101 Switching', ['Connection: upgrade', 'Upgrade: x']),
    'answers 301': behaviour.replyStatus('301 Moved', ['Location: /elsewhere']),
    'answers 500': behaviour.reply(behaviour.answer('500 Internal Server Error', 'team="b"')),
    'answers 999': behaviour.replyStatus('999 Much'),
  },
};

for (const [end, faults] of Object.entries(FAULTS)) {
  for (const [name, misbehaviour] of Object.entries(faults)) {
    test(`the scrape ends in ${end} when the upstream ${name}`, async () => {
      upstream.behave(misbehaviour);
      const { answer } = await scrape();
      const text = answer?.body.toString() ?? '';
      assert.equal(`${answer?.status} ${text.split(':')[0]}`, end);
      assert.doesNotMatch(text, /127\.0\.0\.1|team="b"/);
      assert.equal(answer?.header('location'), undefined);
      await recover();
    });
  }
}

const breaks: Readonly<Record<string, behaviour.Behaviour>> = {
  'resets in the body': behaviour.replyThenReset(`${OK}Content-Length: 99\r\n\r\nrows 1\n`),
  'closes in the body': behaviour.replyThenClose(`${OK}Content-Length: 99\r\n\r\nrows 1\n`),
  'resets between chunks': behaviour.replyThenReset(`${OK}${CHUNKED}\r\n\r\n7\r\nrows 1\n\r\n`),
  'sends a bad chunk': behaviour.reply(`${OK}${CHUNKED}\r\n\r\n7\r\nrows 1\n\r\nzz\r\n`),
  'stalls in the body': behaviour.reply(`${OK}Content-Length: 99\r\n\r\nrows 1\n`),
};
for (const [name, misbehaviour] of Object.entries(breaks)) {
  test(`the connection breaks when the upstream ${name} of a scrape`, async () => {
    upstream.behave(misbehaviour);
    const { answer, ending } = await scrape();
    assert.notEqual(ending, 'open');
    assert.ok(answer === undefined || answer.status === 502 || !answer.complete);
    assert.doesNotMatch(answer?.body.toString() ?? '', /rror/);
    await recover();
  });
}

test('a control byte in the reason phrase of a scrape does not reach the client', async () => {
  upstream.behave(behaviour.replyStatus('200 O\u0001K'));
  const { answer } = await scrape();
  assert.ok(answer?.status === 502 || answer?.phrase === 'OK');
  await recover();
});

test('a scrape of 2 MB arrives whole', async () => {
  const body = 'rows 1\n'.repeat(300_000);
  upstream.behave(behaviour.reply(behaviour.answer('200 OK', body)));
  const answer = await fetch(`${gateway.url}/metrics`, {
    headers: { authorization: TOKEN.authorization },
  });
  assert.equal((await answer.text()).length, body.length);
  await recover();
});

test('of the headers of a scrape only what is listed passes, in both directions', async () => {
  const hidden = ['Set-Cookie: a=b', 'Server: x', 'Access-Control-Allow-Origin: *', 'X-Own: 1'];
  const headers = ['Content-Type: text/plain; version=0.0.4', ...hidden];
  upstream.behave(behaviour.reply(behaviour.answer('200 OK', 'rows 1\n', headers)));
  const { answer } = await scrape([
    'Cookie: a=b',
    'X-Forwarded-For: 10.0.0.1',
    'Accept: text/plain',
  ]);
  assert.equal(answer?.header('content-type'), 'text/plain; version=0.0.4');
  for (const line of hidden) assert.equal(answer?.header(line.split(':')[0] ?? ''), undefined);
  const [request] = upstream.requests;
  assert.equal(request?.target, '/metrics');
  const names = request.headers.map(([name]) => name.toLowerCase());
  const allowed = ['accept', 'connection', 'host', 'x-request-id'];
  assert.deepEqual(
    names.filter((name) => !allowed.includes(name)),
    [],
  );
  await recover();
});
