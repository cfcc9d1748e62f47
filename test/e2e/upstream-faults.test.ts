import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';
import * as behaviour from '../support/upstream-behaviour.ts';

/**
 * An upstream that fails in every way it can: no failure turns into a 2xx, none is passed on, none
 * ends the gateway. The tests are named by the rows of the fault table in `docs/contribute/faults.md`.
 */

const TOKEN = tokenCredential('etl');
const TIMEOUT_MS = 1000;

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'Transfer-Encoding: chunked';
/** What Pushgateway's own texts may show of another team. */
const FOREIGN = 'team="b" gauge:<value:7>';

const stack = new AsyncDisposableStack();
let upstream: RecordingUpstream;
let gateway: TestGateway;
before(async () => {
  upstream = stack.use(await startRecordingUpstream());
  gateway = stack.use(
    await startGateway({
      upstream: { url: upstream.url, timeout: `${TIMEOUT_MS}ms`, connections: 2 },
      defaults: {
        allow: ['push', 'delete'],
        limits: { rate: '10000/s', burst: 10_000, concurrent: 1000 },
      },
      teams: { etl: { jobs: ['etl'], credentials: [TOKEN.spec] } },
    }),
  );
});
after(() => stack.disposeAsync());

async function push(method = 'PUT'): Promise<Response> {
  return await fetch(`${gateway.url}/metrics/job/etl`, {
    method,
    headers: { authorization: TOKEN.authorization },
    ...(method !== 'DELETE' && { body: 'rows 1\n' }),
  });
}

/** A good push through connections that the last fault may have left behind. */
async function recover() {
  upstream.behave(behaviour.accept);
  assert.equal((await push()).status, 200);
  upstream.forget();
}

/** What the upstream does, by the answer that the push ends in. */
const FAULTS: Readonly<Record<string, Readonly<Record<string, behaviour.Behaviour>>>> = {
  '504 upstream_timeout': {
    'row 2: an upstream that hangs': behaviour.hang,
    'row 3: an upstream that trickles': behaviour.trickle(behaviour.answer('200 OK'), 50),
  },
  '502 upstream_unreachable': {
    'row 4: an upstream that resets before the answer': behaviour.reset,
    'row 4: an upstream that closes before the answer': behaviour.close,
  },
  '502 upstream_invalid': {
    'row 5: an upstream that resets in the head': behaviour.replyThenReset(OK),
    'row 5: an upstream that resets in the body': behaviour.replyThenReset(
      `${OK}Content-Length: 9\r\n\r\nab`,
    ),
    'row 6: an upstream that closes in the head': behaviour.replyThenClose(OK),
    'row 6: an upstream that closes in the body': behaviour.replyThenClose(
      `${OK}Content-Length: 9\r\n\r\nab`,
    ),
    'row 6: an upstream that closes in a chunk': behaviour.replyThenClose(
      `${OK}${CHUNKED}\r\n\r\n9\r\nab`,
    ),
    'row 7: an upstream that talks garbage': behaviour.reply('EHLO\r\n\r\n'),
    'row 7: an upstream that gives two framings': behaviour.reply(
      `${OK}Content-Length: 0\r\n${CHUNKED}\r\n\r\n0\r\n\r\n`,
    ),
    'row 7: an upstream that gives two lengths': behaviour.replyStatus('200 OK', [
      'Content-Length: 3',
    ]),
    'row 7: an upstream that gives a bad chunk': behaviour.reply(`${OK}${CHUNKED}\r\n\r\nzz\r\n`),
    'row 8: an upstream that sends a header of 20 KB': behaviour.replyStatus('200 OK', [
      `X: ${'x'.repeat(20_000)}`,
    ]),
    'row 9: an upstream that answers 000': behaviour.replyStatus('000 Zero'),
    'row 9: an upstream that answers 099': behaviour.replyStatus('099 Odd'),
    'row 9: an upstream that answers 101': behaviour.replyStatus('101 Switching', [
      'Connection: upgrade',
      'Upgrade: x',
    ]),
    'row 9: an upstream that answers 204': behaviour.reply('HTTP/1.1 204 No Content\r\n\r\n'),
    'row 9: an upstream that answers 999': behaviour.replyStatus('999 Much'),
    'row 11: an upstream that answers 301': behaviour.replyStatus('301 Moved', [
      'Location: /elsewhere',
    ]),
    'row 11: an upstream that answers 307': behaviour.replyStatus('307 Temporary', [
      'Location: http://127.0.0.1:1/',
    ]),
    'row 12: an upstream that answers with 10 MB': behaviour.reply(
      behaviour.answer('200 OK', 'x'.repeat(10_000_000)),
    ),
    'row 16: an upstream that answers 500': behaviour.reply(
      behaviour.answer('500 Internal Server Error', FOREIGN),
    ),
  },
  '400 upstream_rejected': {
    'row 16: an upstream that calls the push inconsistent': behaviour.reply(
      behaviour.answer('400 Bad Request', FOREIGN),
    ),
  },
};

for (const [end, faults] of Object.entries(FAULTS)) {
  for (const [name, misbehaviour] of Object.entries(faults)) {
    test(`${name} ends a push in ${end}, sent once`, async () => {
      upstream.behave(misbehaviour);
      const answer = await push('POST');
      const text = await answer.text();
      assert.equal(`${answer.status} ${text.split(':')[0]}`, end);
      assert.doesNotMatch(text, /127\.0\.0\.1|team="b"/);
      assert.equal(answer.headers.get('location'), null);
      assert.equal(upstream.requests.length, 1);
      await recover();
    });
  }
}

test('row 10: of an answer with a control byte in its phrase the status is kept, the phrase is not', async () => {
  upstream.behave(behaviour.replyStatus('200 O\u0001K'));
  const answer = await push();
  assert.deepEqual([answer.status, answer.statusText], [200, 'OK']);
  await recover();
});

test('row 1: an upstream that refuses connections ends a push in 502 upstream_unreachable', async () => {
  await upstream.refuse();
  const answer = await push();
  assert.deepEqual(
    [answer.status, (await answer.text()).split(':')[0]],
    [502, 'upstream_unreachable'],
  );
  await upstream.listen();
  await recover();
});

test('row 2: of a push that timed out the audit says that nobody knows the outcome', async () => {
  upstream.behave(behaviour.hang);
  const answer = await push();
  const requestId = answer.headers.get('x-request-id');
  const outcome = (await gateway.auditRecords()).find(
    (record) => record.event === 'outcome' && record.request_id === requestId,
  );
  assert.ok(outcome?.event === 'outcome');
  assert.equal(outcome.status, 'unknown');
  await recover();
});

/** Misbehaves once, then well. */
function once(misbehaviour: behaviour.Behaviour): behaviour.Behaviour {
  let isFirst = true;
  return (socket, request) => {
    const current = isFirst ? misbehaviour : behaviour.accept;
    isFirst = false;
    return current(socket, request);
  };
}

const replays = [
  ['PUT', 'resets', behaviour.reset, 200, 2],
  ['DELETE', 'resets', behaviour.reset, 202, 2],
  ['POST', 'resets', behaviour.reset, 502, 1],
  ['PUT', 'begins an answer on and resets', behaviour.replyThenReset(OK), 502, 1],
  ['PUT', 'upgrades', behaviour.replyStatus('101 Switching', ['Connection: upgrade']), 502, 1],
] as const;
for (const [method, fault, misbehaviour, status, attempts] of replays) {
  test(`row 4: over a reused connection that the upstream ${fault} a ${method} is sent ${attempts} times in all`, async () => {
    await recover();
    upstream.behave(once(misbehaviour));
    assert.equal((await push(method)).status, status);
    assert.equal(upstream.requests.length, attempts);
    await recover();
  });
}

test('row 13: when the queue is full, the deadline counts from the arrival', async () => {
  upstream.behave(behaviour.hang);
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, () => push()));
  const elapsed = performance.now() - started;
  const statuses = Object.groupBy(answers, ({ status }) => String(status));
  assert.deepEqual(Object.keys(statuses).toSorted(), ['503', '504']);
  assert.ok(statuses['503']?.every(({ headers }) => headers.has('retry-after')));
  assert.ok(elapsed < 20 * TIMEOUT_MS, `${elapsed} ms`); // one after the other they take 50
  await recover();
});

test('row 14: no push is lost on connections that the upstream closes when idle', async () => {
  upstream.behave(behaviour.closeWhenIdle());
  for (let count = 0; count < 100; count++) assert.equal((await push()).status, 200);
  await recover();
});
