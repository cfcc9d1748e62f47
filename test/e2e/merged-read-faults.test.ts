import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';
import * as behaviour from '../support/upstream-behaviour.ts';

/** One of two Pushgateways that fails, however it does, is not the end of a scrape of both. */

const TOKEN = tokenCredential('prometheus');
const TIMEOUT_MS = 1500;

const OK = 'HTTP/1.1 200 OK\r\n';
const TEXT = 'Content-Type: text/plain; version=0.0.4; charset=utf-8';
const JSON_TYPE = 'Content-Type: application/json';
const SOUND = '# TYPE m gauge\nm{job="sound"} 1\n';
const OTHER = '# TYPE a gauge\na{job="other"} 1\n# TYPE m gauge\nm{job="other"} 1\n';
const BOTH =
  '# TYPE a gauge\na{job="other"} 1\n# TYPE m gauge\nm{job="sound"} 1\nm{job="other"} 1\n';
/** With what the second had sent before it failed. */
const BEGUN = '# TYPE a gauge\na{job="other"} 1\n# TYPE m gauge\nm{job="sound"} 1\n';

const stack = new AsyncDisposableStack();
let sound: RecordingUpstream;
let other: RecordingUpstream;
let gateway: TestGateway;
before(async () => {
  sound = stack.use(await startRecordingUpstream());
  other = stack.use(await startRecordingUpstream());
  gateway = stack.use(
    await startGateway({
      upstreams: {
        a: { url: sound.url, timeout: `${TIMEOUT_MS}ms` },
        b: { url: other.url, timeout: `${TIMEOUT_MS}ms` },
      },
      teams: { prometheus: { jobs: ['*'], allow: ['read'], credentials: [TOKEN.spec] } },
    }),
  );
  sound.behave(reply(SOUND));
});
after(() => stack.disposeAsync());

const reply = (body: string, type = TEXT) =>
  behaviour.reply(behaviour.answer('200 OK', body, [type]));
const half = (text: string) => `${OK}${TEXT}\r\nContent-Length: 5000\r\n\r\n${text}`;

async function scrape(path = '/metrics') {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: gateway.example',
    `Authorization: ${TOKEN.authorization}`,
  ];
  const send = `${lines.join('\r\n')}\r\n\r\n`;
  const { answers } = await exchange({ port: gateway.port, send });
  const answer = finalAnswer(answers);
  return { status: answer?.status, body: String(answer?.body) };
}

test('both that answer are one scrape', async () => {
  other.behave(reply(OTHER));
  assert.deepEqual(await scrape(), { status: 200, body: BOTH });
});

const FAULTS: readonly (readonly [what: string, fault: behaviour.Behaviour, merged: string])[] = [
  ['hangs', behaviour.hang, SOUND],
  ['resets', behaviour.reset, SOUND],
  ['closes', behaviour.close, SOUND],
  ['talks garbage', behaviour.replyThenClose('EHLO\r\n\r\n'), SOUND],
  ['has a broken scrape', behaviour.replyStatus('500 Internal Server Error'), SOUND],
  ['redirects', behaviour.replyStatus('302 Found', ['Location: http://192.0.2.1/']), SOUND],
  ['answers something else', reply('{}', JSON_TYPE), SOUND],
  ['answers no scrape', reply('hello\n'), SOUND],
  ['compresses unasked', reply('x', `${TEXT}\r\nContent-Encoding: gzip`), SOUND],
  ['stops in the middle', behaviour.reply(half(OTHER.slice(0, 40))), BEGUN],
  ['breaks off in the middle', behaviour.replyThenReset(half(OTHER.slice(0, 40))), BEGUN],
  ['ends within a line', reply(OTHER.slice(0, -4)), BEGUN],
];
for (const [what, fault, merged] of FAULTS) {
  test(`one that ${what} is left out, from there on`, async () => {
    other.behave(fault);
    const before = performance.now();
    assert.deepEqual(await scrape(), { status: 200, body: merged });
    assert.ok(performance.now() - before < TIMEOUT_MS);
  });
}

test('a listing of which one breaks off has its whole groups', async () => {
  const group = (job: string) => `{"labels":{"job":"${job}"},"push_time_seconds":{}}`;
  const head = '{"status":"success","data":[';
  sound.behave(reply(`${head}${group('a')}]}`, JSON_TYPE));
  other.behave(reply(`${head}${group('b')},${group('c')}`, JSON_TYPE));
  const { status, body } = await scrape('/api/v1/metrics');
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body).data.length, 3);
  sound.behave(reply(SOUND));
});

test('only when all fail is it a refusal, which says how', async () => {
  sound.behave(behaviour.hang);
  other.behave(behaviour.hang);
  assert.equal((await scrape()).status, 504);
  sound.behave(behaviour.replyStatus('500 Internal Server Error'));
  other.behave(behaviour.replyStatus('500 Internal Server Error'));
  assert.equal((await scrape()).status, 502);
});

test('a caller that leaves ends what was asked for it', async () => {
  sound.behave(behaviour.trickle(half(SOUND.repeat(20)), 5));
  other.behave(behaviour.trickle(half(OTHER.repeat(20)), 5));
  const leaving = AbortSignal.timeout(200);
  const headers = { authorization: TOKEN.authorization };
  await assert.rejects(async () => {
    const answer = await fetch(`${gateway.url}/metrics`, { headers, signal: leaving });
    await answer.text();
  });
  await delay(100);
  sound.behave(reply(SOUND));
  other.behave(reply(OTHER));
  assert.equal((await scrape()).body, BOTH);
});
