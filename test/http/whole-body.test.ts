import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Decision, deny } from '../../src/core/decision.ts';
import { readBody } from '../../src/http/body.ts';
import { holdCalls } from '../../src/http/held-calls.ts';
import { createResponder } from '../../src/http/respond.ts';
import { createPublicServer } from '../../src/http/server.ts';
import { takeWholeBody } from '../../src/http/whole-body.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/raw-http.ts';
import { type LoopbackServer, startServer } from './loopback-server.ts';

const UNBOUNDED = { reserve: () => true, [Symbol.dispose]: () => undefined };

function startPublic(listener: RequestListener): Promise<LoopbackServer> {
  const server = createPublicServer({
    bounds: {
      ...{ headerTimeoutMs: 60_000, idleTimeoutMs: 60_000, keepAliveMs: 60_000 },
      ...{ headers: 100, connections: 100 },
    },
    tls: undefined,
    listener,
    refuseRaw: (socket) => socket.destroy(),
  });
  return startServer(server);
}

interface Reading {
  readonly isAtOnce: boolean;
  readonly decision: Decision<Uint8Array>;
}

/** Sends requests byte for byte and reads the body of each. */
async function readSent(
  send: string | readonly string[],
  { maxBytes = 100_000, requests = 1 } = {},
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  await using server = await startPublic(async (req, res) => {
    const length = req.headers['content-length'];
    const bounds = { maxBytes, maxChunks: 9, timeoutMs: 2000, lease: UNBOUNDED };
    const reading = readBody(req, res, length === undefined ? length : Number(length), bounds);
    readings.push({ isAtOnce: !(reading instanceof Promise), decision: await reading });
    res.end();
  });
  await exchange({ port: server.port, send, expect: requests, timeoutMs: 3000 });
  return readings;
}

function put(body: string, ...headers: readonly string[]): string {
  const lines = ['PUT / HTTP/1.1', 'Host: gateway', `Content-Length: ${body.length}`, ...headers];
  return [...lines, '', body].join('\r\n');
}

function textOf(reading: Reading | undefined): string | undefined {
  const decision = reading?.decision;
  return decision?.effect === 'allow' ? Buffer.from(decision.value).toString() : undefined;
}

test('a small body that comes with its head is read at once', async () => {
  const readings = await readSent([put('a 1\n'), put('b 2\n')], { requests: 2 });
  assert.deepEqual(
    readings.map((reading) => [reading.isAtOnce, textOf(reading)]),
    [
      [true, 'a 1\n'],
      [true, 'b 2\n'],
    ],
  );
});

test('a body that is larger than it may be is refused, though it is there', async () => {
  const [reading] = await readSent(put('a 1\n'), { maxBytes: 3 });
  assert.equal(reading?.decision.effect === 'deny' && reading.decision.reason, 'body_too_large');
});

const LARGE = 'x'.repeat(20_000);
const STREAMED: Readonly<Record<string, readonly string[]>> = {
  'a body that comes after its head': [put('a 1\n').slice(0, -4), 'a 1\n'],
  'a body of which a part comes later': [put('a 1\n').slice(0, -1), '\n'],
  'a body with a request behind it': [put('a 1\n') + put('b 2\n')],
  'a body whose client expects an interim answer': [put('a 1\n', 'Expect: 100-continue')],
  'a large body': [put(LARGE)],
};
for (const [name, send] of Object.entries(STREAMED)) {
  test(`${name} goes through the stream, and is read all the same`, async () => {
    const [first] = await readSent(send);
    const text = textOf(first);
    assert.deepEqual([first?.isAtOnce, text === 'a 1\n' || text === LARGE], [false, true]);
  });
}

test('a request that waits with its body is not taken for gone', async () => {
  const requests = holdCalls<IncomingMessage, ServerResponse>();
  await using server = await startPublic(requests.call);
  const exchanging = exchange({ port: server.port, send: put('a 1\n') });
  await setTimeout(50);
  requests.release((req, res) => void res.end(String(takeWholeBody(req))));
  const { answers } = await exchanging;
  assert.equal(answers[0]?.body.toString(), 'a 1\n');
});

test('a request whose connection is gone is destroyed, though its body was there', async () => {
  const requests: IncomingMessage[] = [];
  await using server = await startPublic((req) => {
    requests.push(req);
    setImmediate(() => req.socket.destroy());
  });
  await exchange({ port: server.port, send: put('a 1\n') });
  await eventually('a request that is destroyed', () => requests[0]?.destroyed || undefined);
});

test('a connection lives on when a body is refused before the parser has counted it', async () => {
  const responder = createResponder({}, () => false);
  const context = { requestId: '01JD', accept: undefined, challenges: [] };
  await using server = await startPublic((_, res) =>
    responder.refuse(res, deny('job_not_allowed'), context),
  );
  // longer than the rest of an upload may take that is thrown away
  const { answers, ending } = await exchange({
    port: server.port,
    send: put('a 1\n'),
    quietMs: 1500,
  });
  assert.deepEqual([answers[0]?.status, ending], [403, 'open']);
});

/** What an intake parses of a chunked body at once, at first. */
const SLICE = 4096;

/** A chunked upload whose first slice goes on for so many bytes of what comes behind it. */
function chunkedBefore(bytes: number): readonly [head: string, body: string] {
  const head = 'PUT / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n';
  const size = SLICE - bytes - 'fff\r\n\r\n0\r\n\r\n'.length;
  return [head, `${size.toString(16)}\r\n${'c'.repeat(size)}\r\n0\r\n\r\n`];
}

const BODY = `${'b'.repeat(100)}\r\n\r\n${'b'.repeat(300)}`;
const BEHIND = put(BODY);
const HEAD_BYTES = BEHIND.length - BODY.length;
const ENDS: Readonly<Record<string, number>> = {
  'in the body': HEAD_BYTES + 50,
  'at the end of the head': HEAD_BYTES,
  'in the end of the head': HEAD_BYTES - 1,
  'in the head': HEAD_BYTES - 20,
};
for (const [name, end] of Object.entries(ENDS)) {
  // as many bytes of a third request as make what is left just as long as the body
  for (const left of [BODY.length, BODY.length - 104, undefined]) {
    test(`a body behind a chunked one of which a slice ends ${name} is its own, ${left ?? 'all'} bytes left`, async () => {
      const [head, body] = chunkedBefore(end);
      const last = put('c'.repeat(1000));
      const cut = left === undefined ? last.length : Math.max(0, end + left - BEHIND.length);
      const send = [head, body + BEHIND + last.slice(0, cut), last.slice(cut)];
      const readings = await readSent(send, { requests: 3 });
      assert.equal(textOf(readings[1]) === BODY, true, String(textOf(readings[1])));
      assert.equal(textOf(readings[2]), 'c'.repeat(1000));
    });
  }
}

const ARRIVED: Readonly<Record<string, readonly string[]>> = {
  'with its head': [put('a 1\n')],
  'after its head': [put('a 1\n').slice(0, -4), 'a 1\n'],
};
for (const [name, send] of Object.entries(ARRIVED)) {
  test(`a body that came ${name} is not waited for once its connection is gone`, async () => {
    const readings: Decision<Uint8Array>[] = [];
    await using server = await startPublic(async (req, res) => {
      await eventually('a body that has come', () => req.complete || undefined);
      req.socket.destroy();
      await once(res, 'close');
      const bounds = { maxBytes: 100, maxChunks: 9, timeoutMs: 2000, lease: UNBOUNDED };
      readings.push(await readBody(req, res, 4, bounds));
    });
    await exchange({ port: server.port, send });
    const [reading] = await eventually('a decision', () =>
      readings.length > 0 ? readings : undefined,
    );
    assert.equal(reading?.effect === 'deny' && reading.reason, 'request_malformed');
  });
}

test('of a body that nobody reads nothing is left once its request is answered', async () => {
  const requests: IncomingMessage[] = [];
  await using server = await startPublic((req, res) => {
    requests.push(req);
    res.end();
  });
  const send = [put('a 1\n'), put('b 2\n')];
  const { answers } = await exchange({ port: server.port, send, expect: 2 });
  assert.deepEqual([answers.map(({ status }) => status), requests.length], [[200, 200], 2]);
  assert.deepEqual(requests.map(takeWholeBody), [undefined, undefined]);
});
