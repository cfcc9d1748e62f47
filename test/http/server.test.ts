import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Deny } from '../../src/core/decision.ts';
import { readBody } from '../../src/http/body.ts';
import { createPublicServer, type ServerBounds } from '../../src/http/server.ts';
import { exchange } from '../support/raw-http.ts';
import { type LoopbackServer, startServer } from './loopback-server.ts';

interface ServerSetup {
  readonly bounds?: Partial<ServerBounds>;
  readonly listener?: RequestListener;
}

/** What reached the listener, and what the parser gave up on. */
interface PublicStage extends LoopbackServer {
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

const UNBOUNDED = { reserve: () => true, [Symbol.dispose]: () => undefined };

const answerOk = (_: IncomingMessage, res: ServerResponse): void => void res.end();

/** Reads the body of a request and answers with what became of it. */
async function tellOfBody(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const bounds = { maxBytes: 9, maxChunks: 9, timeoutMs: 60_000, lease: UNBOUNDED };
  const decision = await readBody(req, res, undefined, bounds);
  const reason = decision.effect === 'deny' ? decision.reason : 'ok';
  res.writeHead(400, reason, { connection: 'close' }).end();
}

async function startPublic({
  bounds,
  listener = answerOk,
}: ServerSetup = {}): Promise<PublicStage> {
  const taken: string[] = [];
  const refused: string[] = [];
  const server = createPublicServer({
    bounds: {
      ...{ headerTimeoutMs: 60_000, idleTimeoutMs: 60_000, keepAliveMs: 60_000 },
      headers: 100,
      connections: 100,
      ...bounds,
    },
    tls: undefined,
    listener(req, res) {
      taken.push(`${req.method} ${req.url}`);
      listener(req, res);
    },
    refuseRaw(socket: Socket, { reason }: Deny) {
      refused.push(reason);
      socket.end(`HTTP/1.1 400 ${reason}\r\nContent-Length: 0\r\n\r\n`);
    },
  });
  return { ...(await startServer(server)), taken, refused };
}

function get(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: gateway', ...headers, '', ''].join('\r\n');
}

const REFUSED = {
  'a line that is no request': ['NONSENSE\r\n\r\n', 'request_malformed'],
  'a TLS handshake': ['\u0016\u0003\u0001\u0002\u0000\u0001', 'request_malformed'],
  'two lengths that differ': [
    get('/', 'Content-Length: 1', 'Content-Length: 2'),
    'request_malformed',
  ],
  'a length beside chunks': [
    get('/', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    'request_malformed',
  ],
  'a folded header': [get('/', 'X: a', ' b'), 'request_malformed'],
  'line feeds alone': ['GET / HTTP/1.1\nHost: gateway\n\n', 'request_malformed'],
  'headers of 20 KB': [get('/', `X: ${'x'.repeat(20_000)}`), 'headers_too_large'],
  'a path of 20 KB': [get(`/${'x'.repeat(20_000)}`), 'headers_too_large'],
  '200 headers': [get('/', ...Array.from({ length: 200 }, () => 'X: x')), 'headers_too_large'],
  'a CONNECT': ['CONNECT gateway:1 HTTP/1.1\r\nHost: gateway\r\n\r\n', 'method_not_allowed'],
} as const;
for (const [name, [send, reason]] of Object.entries(REFUSED)) {
  test(`${name} reaches no listener and is refused as ${reason}`, async () => {
    await using server = await startPublic();
    const { answers, ending } = await exchange({ port: server.port, send, quietMs: 1000 });
    assert.deepEqual(
      answers.map(({ phrase }) => phrase),
      [reason],
    );
    assert.deepEqual([server.taken, server.refused, ending], [[], [reason], 'closed']);
  });
}

const TAKEN = {
  'a request without a Host': 'GET / HTTP/1.1\r\n\r\n',
  'a request to upgrade': get('/', 'Connection: upgrade', 'Upgrade: websocket'),
  'an expectation that nobody knows': get('/', 'Expect: wonders'),
  '100 headers': get('/', ...Array.from({ length: 99 }, () => 'X: x')),
} as const;
for (const [name, send] of Object.entries(TAKEN)) {
  test(`${name} is left to the pipeline`, async () => {
    await using server = await startPublic();
    const { answers } = await exchange({ port: server.port, send });
    assert.deepEqual([answers[0]?.status, server.taken], [200, ['GET /']]);
  });
}

test('HTTP/1.0 is answered and closed, whatever it asks for', async () => {
  await using server = await startPublic();
  const send = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
  const { answers, ending } = await exchange({ port: server.port, send, quietMs: 1000 });
  assert.deepEqual(
    [answers[0]?.status, answers[0]?.header('connection'), ending],
    [200, 'close', 'closed'],
  );
});

test('a connection is not idle while the gateway works on its request', async () => {
  const listener: RequestListener = (_, res) => void delay(300).then(() => res.end());
  await using server = await startPublic({ bounds: { idleTimeoutMs: 50 }, listener });
  const { answers } = await exchange({ port: server.port, send: get('/') });
  assert.equal(answers[0]?.status, 200);
});

test('an upload that stops for the idle time is late, as one that takes too long is', async () => {
  await using server = await startPublic({ bounds: { idleTimeoutMs: 50 }, listener: tellOfBody });
  const send = `${get('/', 'Content-Length: 9')}begun`;
  const { answers } = await exchange({ port: server.port, send });
  assert.equal(answers[0]?.phrase, 'body_timeout');
});

test('an upload is not idle before anybody reads it', async () => {
  const listener: RequestListener = (req, res) => void delay(300).then(() => tellOfBody(req, res));
  await using server = await startPublic({ bounds: { idleTimeoutMs: 100 }, listener });
  const send = `${get('/', 'Content-Length: 20')}0123456789`;
  const answered = exchange({ port: server.port, send });
  assert.equal((await answered).answers[0]?.phrase, 'body_too_large');
});

test('a connection is idle while its client does not read', async () => {
  const listener: RequestListener = (_, res) => {
    res.writeHead(200).write('the beginning');
  };
  await using server = await startPublic({ bounds: { idleTimeoutMs: 50 }, listener });
  const { ending } = await exchange({ port: server.port, send: get('/'), expect: 2 });
  assert.notEqual(ending, 'open');
});

test('what breaks in a body is told to whoever reads it, and refused once', async () => {
  await using server = await startPublic({ listener: tellOfBody });
  const send = `${get('/', 'Transfer-Encoding: chunked')}zz\r\n`;
  const { answers, ending } = await exchange({ port: server.port, send, quietMs: 1000 });
  assert.deepEqual(
    answers.map(({ phrase }) => phrase),
    ['request_malformed'],
  );
  assert.deepEqual([server.refused, ending], [[], 'closed']);
});

test('what comes behind a chunked body that was whole before anybody read it is answered', async () => {
  await using server = await startPublic({
    async listener(req, res) {
      const length = req.method === 'GET' ? 0 : undefined;
      const bounds = { maxBytes: 9, maxChunks: 9, timeoutMs: 60_000, lease: UNBOUNDED };
      const { effect } = await readBody(req, res, length, bounds);
      res.writeHead(effect === 'allow' ? 200 : 400).end();
    },
  });
  const push =
    'PUT / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';
  const last = get('/');
  for (const cut of [1, last.length - 3, last.length]) {
    const send = [push + push + last.slice(0, cut), last.slice(cut) + push + last];
    const { answers } = await exchange({ port: server.port, send, expect: 5, timeoutMs: 3000 });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200],
    );
  }
});
