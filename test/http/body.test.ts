import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Decision, deny } from '../../src/core/decision.ts';
import { failBody, readBody } from '../../src/http/body.ts';
import { createByteBudget } from '../../src/limits/byte-budget.ts';
import type { BodyBounds } from '../../src/pipeline/gateway-request.ts';
import { denyBodySize } from '../../src/pipeline/read-body.ts';
import { exchange } from '../support/raw-http.ts';
import { startServer } from './loopback-server.ts';

interface Reading {
  readonly send: string | readonly string[];
  readonly bounds?: Partial<Pick<BodyBounds, 'maxBytes' | 'maxChunks' | 'timeoutMs'>>;
  readonly budget?: number;
  /** Runs before and while the body is read. */
  readonly meanwhile?: (req: IncomingMessage) => Promise<void>;
  readonly halfClose?: boolean;
}

interface ReadingResult {
  readonly decision: Decision<Uint8Array> | undefined;
  /** Bytes of the budget taken when the reading had ended. */
  readonly taken: number;
  /** Statuses of all answers. */
  readonly statuses: readonly number[];
}

/** Reads the body of one request that is sent byte for byte. */
async function readSent(reading: Reading): Promise<ReadingResult> {
  const { send, bounds, budget = 1000, meanwhile, halfClose = false } = reading;
  let taken = 0;
  let decision: Decision<Uint8Array> | undefined;
  const budgets = createByteBudget({
    maxBytes: () => budget,
    onChange: (now) => {
      taken = now;
    },
  });
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const length = req.headers['content-length'];
    const lease = budgets.open();
    await meanwhile?.(req);
    const declared =
      req.headers['transfer-encoding'] === undefined ? Number(length ?? 0) : undefined;
    const limits = { maxBytes: 100, maxChunks: 100, timeoutMs: 2000, ...bounds, lease };
    decision = await readBody(req, res, declared, limits);
    res.writeHead(200, { connection: 'close' }).end();
  };
  const server = createServer({ connectionsCheckingInterval: 50 });
  const listener = (req: IncomingMessage, res: ServerResponse): void => void take(req, res);
  server.on('request', listener).on('checkContinue', listener);
  await using listening = await startServer(server);
  const { answers } = await exchange({ port: listening.port, send, halfClose });
  return { decision, taken, statuses: answers.map(({ status }) => status) };
}

function head(version: string, ...headers: readonly string[]): string {
  return [`PUT / HTTP/${version}`, 'Host: gateway', ...headers, '', ''].join('\r\n');
}

const BODIES = {
  'a body in one part': [head('1.1', 'Content-Length: 5'), 'ab\ncd'],
  'a body in many parts': [head('1.1', 'Content-Length: 5'), 'a', 'b\n', 'c', 'd'],
  'a body in chunks': [
    head('1.1', 'Transfer-Encoding: chunked'),
    '2\r\nab\r\n',
    '1\r\n\n\r\n2\r\nc',
    'd\r\n0\r\n\r\n',
  ],
};
for (const [name, send] of Object.entries(BODIES)) {
  test(`${name} is read whole, and its bytes are taken from the budget`, async () => {
    const { decision, taken } = await readSent({ send });
    assert.ok(decision?.effect === 'allow');
    assert.equal(Buffer.from(decision.value).toString(), 'ab\ncd');
    assert.equal(taken, 5);
  });
}

test('no body at all takes nothing', async () => {
  for (const headers of [[], ['Content-Length: 0']]) {
    const { decision, taken } = await readSent({ send: head('1.1', ...headers) });
    assert.ok(decision?.effect === 'allow');
    assert.deepEqual([decision.value.byteLength, taken], [0, 0]);
  }
});

const REFUSED: readonly (readonly [name: string, reason: string, reading: Reading])[] = [
  [
    'a chunked body that grows over the limit',
    'body_too_large',
    { send: head('1.1', 'Transfer-Encoding: chunked') + '65\r\n'.padEnd(200, 'x') },
  ],
  [
    'a body in too many chunks',
    'body_too_large',
    {
      send: `${head('1.1', 'Transfer-Encoding: chunked')}${'1\r\nx\r\n'.repeat(4)}0\r\n\r\n`,
      bounds: { maxChunks: 3 },
    },
  ],
  [
    'a declared body over the budget',
    'overloaded',
    { send: [head('1.1', 'Content-Length: 60')], budget: 50 },
  ],
  [
    'a chunked body that grows over the budget',
    'overloaded',
    { send: [head('1.1', 'Transfer-Encoding: chunked'), '9\r\n123456789\r\n'], budget: 5 },
  ],
  [
    'a body that does not come',
    'body_timeout',
    { send: head('1.1', 'Content-Length: 9'), bounds: { timeoutMs: 50 } },
  ],
  [
    'an upload that ends early',
    'request_malformed',
    { send: `${head('1.1', 'Content-Length: 9')}abc`, halfClose: true },
  ],
  [
    'a body that broke before it was read',
    'request_malformed',
    {
      send: head('1.1', 'Content-Length: 9'),
      meanwhile: async (req) => failBody(req, deny('request_malformed')),
    },
  ],
  [
    'a body that breaks while it is read',
    'body_timeout',
    {
      send: head('1.1', 'Content-Length: 9'),
      meanwhile: async (req) => void delay(20).then(() => failBody(req, deny('body_timeout'))),
    },
  ],
];
for (const [name, reason, reading] of REFUSED) {
  test(`${name} is ${reason}`, async () => {
    const { decision } = await readSent(reading);
    assert.equal(decision?.effect === 'deny' && decision.reason, reason);
  });
}

test('a chunked body that grows over the limit learns what one of a declared length does', async () => {
  const { decision } = await readSent({
    send: head('1.1', 'Transfer-Encoding: chunked') + '65\r\n'.padEnd(200, 'x'),
  });
  assert.deepEqual(decision, denyBodySize(100));
});

const EXPECT = 'Expect: 100-continue';
const CONTINUES = [
  ['of HTTP/1.1', [head('1.1', EXPECT, 'Content-Length: 1'), 'x'], [100, 200]],
  ['of HTTP/1.0', [head('1.0', EXPECT, 'Content-Length: 1'), 'x'], [200]],
  ['without a body', [head('1.1', EXPECT, 'Content-Length: 0')], [200]],
  ['over the budget', [head('1.1', EXPECT, 'Content-Length: 2000')], [200]],
] as const;
for (const [name, send, expected] of CONTINUES) {
  test(`a request ${name} that waits for 100 Continue gets ${expected.join(' and ')}`, async () => {
    const { statuses } = await readSent({ send });
    assert.deepEqual(statuses, expected);
  });
}
