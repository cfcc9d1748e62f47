import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { deny } from '../../src/core/decision.ts';
import type { Reason } from '../../src/core/reason.ts';
import { intakeOf, openIntake } from '../../src/http/intake.ts';
import { createResponder, type Responder } from '../../src/http/respond.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { startServer } from './loopback-server.ts';

const CONTEXT = { requestId: '01JD', accept: undefined, challenges: ['Basic', 'Bearer'] };

/** Answers a request by `answer` and tells what came back. */
async function answerTo(
  send: string | readonly string[],
  answer: (responder: Responder, res: ServerResponse) => void,
  isClosing = false,
) {
  const responder = createResponder({ 'X-Frame-Options': 'DENY' }, () => isClosing);
  // As behind the pipeline, the parser is ahead of the answer.
  const listener: RequestListener = (_, res) => void setImmediate(answer, responder, res);
  const take: RequestListener = (req, res) => {
    intakeOf(req.socket)?.begin(req);
    listener(req, res);
  };
  const listening = createServer(take).on('checkContinue', take).on('connection', openIntake);
  await using server = await startServer(listening);
  const { answers, ending } = await exchange({ port: server.port, send, quietMs: 100 });
  const first = finalAnswer(answers);
  assert.ok(first);
  return { first, answers, ending };
}

const refuse =
  (reason: Reason) =>
  (responder: Responder, res: ServerResponse): void =>
    responder.refuse(res, deny(reason), CONTEXT);

function head(...headers: readonly string[]): string {
  return ['PUT / HTTP/1.1', 'Host: gateway', ...headers, '', ''].join('\r\n');
}

test('a success has the status of the upstream, no body, and the headers of every answer', async () => {
  const { first, ending } = await answerTo(head(), (responder, res) =>
    responder.succeed(res, 202, '01JD'),
  );
  assert.deepEqual([first.status, first.phrase, first.body.length], [202, 'Accepted', 0]);
  assert.equal(first.header('x-request-id'), '01JD');
  assert.equal(first.header('x-frame-options'), 'DENY');
  assert.equal(ending, 'open');
});

for (const [isWell, status, body] of [
  [true, 200, 'OK\n'],
  [false, 503, 'not ready\n'],
] as const) {
  test(`a probe is answered ${status} when ${isWell ? 'all' : 'not all'} is well`, async () => {
    const { first, ending } = await answerTo(head(), (responder, res) =>
      responder.report(res, isWell, '01JD', 'OK'),
    );
    assert.deepEqual([first.status, first.body.toString()], [status, body]);
    assert.equal(ending, 'open');
  });
}

test('a refusal has its reason in the status line, and every challenge a line of its own', async () => {
  const { first, ending } = await answerTo(head(), refuse('credential_missing'));
  assert.equal(first.phrase, 'Unauthorized (credential_missing)');
  const challenges = first.headers.filter(([name]) => name.toLowerCase() === 'www-authenticate');
  assert.deepEqual(
    challenges.map(([, value]) => value),
    ['Basic', 'Bearer'],
  );
  assert.equal(ending, 'open');
});

const ANSWERS = {
  'a success': (responder: Responder, res: ServerResponse) => responder.succeed(res, 200, '01JD'),
  'a probe': (responder: Responder, res: ServerResponse) =>
    responder.report(res, true, '01JD', 'OK'),
  'a refusal': refuse('job_not_allowed'),
};
const UPLOADS = [
  ['a small body', [head('Content-Length: 3'), 'abc'], 'open'],
  ['a small body that is still to come', [head('Content-Length: 3')], 'open'],
  ['a body of 10 MB', [head('Content-Length: 10000000'), 'x'.repeat(100_000)], 'closed'],
  ['a body of unknown length', [head('Transfer-Encoding: chunked'), '3\r\nabc\r\n'], 'closed'],
  [
    'a body that waits for 100 Continue',
    [head('Expect: 100-continue', 'Content-Length: 3')],
    'closed',
  ],
] as const;
for (const [answerName, answer] of Object.entries(ANSWERS)) {
  for (const [name, send, expected] of UPLOADS) {
    test(`${answerName} leaves the connection ${expected} after ${name}`, async () => {
      const { first, ending } = await answerTo(send, answer);
      assert.equal(ending, expected);
      assert.equal(first.header('connection'), expected === 'open' ? 'keep-alive' : 'close');
    });
  }
}

for (const reason of ['request_malformed', 'body_timeout'] as const) {
  test(`${reason} ends the connection, whatever may come`, async () => {
    for (const send of [head(), head('Content-Length: 3')]) {
      const { first } = await answerTo(send, refuse(reason));
      assert.equal(first.header('connection'), 'close');
    }
  });
}

for (const [name, answer] of Object.entries(ANSWERS)) {
  test(`${name} ends the connection while the gateway stops`, async () => {
    const { first, ending } = await answerTo(head(), answer, true);
    assert.deepEqual([first.header('connection'), ending], ['close', 'closed']);
  });
}

test('what the parser could not read is answered on the bare socket, in full', async () => {
  const responder = createResponder({ 'X-Frame-Options': 'DENY' }, () => false);
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => responder.refuseRaw(socket, deny('headers_too_large'), CONTEXT));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number }; // a TCP server that listens
  const { answers, ending } = await exchange({ port, send: 'x'.repeat(100) });
  server.close();
  const [answer] = answers;
  assert.equal(answer?.phrase, 'Request Header Fields Too Large (headers_too_large)');
  assert.equal(answer.header('connection'), 'close');
  assert.equal(answer.header('x-frame-options'), 'DENY');
  assert.deepEqual([answer.complete, ending], [true, 'closed']);
});
