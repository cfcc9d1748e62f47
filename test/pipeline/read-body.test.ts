import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, type Decision, deny } from '../../src/core/decision.ts';
import type { RequestHeaders } from '../../src/pipeline/gateway-request.ts';
import type { BodyDecoder } from '../../src/pipeline/ports.ts';
import { checkDeclaredBody, type DeclaredBody, readBody } from '../../src/pipeline/read-body.ts';
import { allowed, denied } from '../support/decision.ts';
import { gatewayRequest, requestHeaders } from '../support/gateway-request.ts';
import { WIDE_LIMITS } from '../support/team-spec.ts';

const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

function declare(contentLength: number | undefined, changes: Partial<RequestHeaders> = {}) {
  return checkDeclaredBody(
    requestHeaders(changes),
    { contentLength, expectsContinue: false },
    WIDE_LIMITS,
  );
}

test('checkDeclaredBody takes the headers that curl sends for plain text', () => {
  const contentType = 'application/x-www-form-urlencoded';
  assert.deepEqual(allowed(declare(11, { contentType })), {
    contentLength: 11,
    encoding: 'identity',
    mediaType: 'text',
  });
});

test('checkDeclaredBody takes compressed protobuf of an unknown length', () => {
  const declared = declare(undefined, { contentType: PROTOBUF, contentEncoding: 'snappy' });
  assert.deepEqual(allowed(declared), {
    contentLength: undefined,
    encoding: 'snappy',
    mediaType: 'protobuf',
  });
});

test('checkDeclaredBody takes a body of the greatest size and none of a byte more', () => {
  assert.equal(declare(WIDE_LIMITS.body).effect, 'allow');
  const { reason, detail } = denied(declare(WIDE_LIMITS.body + 1));
  assert.equal(reason, 'body_too_large');
  assert.equal(detail, 'the body is larger than the 65536 bytes a push may have');
});

const UNSUPPORTED = [
  { contentEncoding: 'br' },
  { contentEncoding: 'gzip, gzip' },
  { contentType: 'application/x-protobuf' },
];
for (const headers of UNSUPPORTED) {
  test(`checkDeclaredBody refuses ${JSON.stringify(headers)}`, () => {
    assert.equal(denied(declare(1, headers)).reason, 'encoding_not_supported');
  });
}

interface Reading {
  readonly encoding?: DeclaredBody['encoding'];
  readonly sent: Decision<Uint8Array>;
  readonly bytesLeft?: number;
  readonly ratio?: number;
  readonly decoded?: Decision<Uint8Array>;
}

/** Reads with faked ports; `asked` is what the decoders were asked for. */
async function read({ encoding = 'gzip', sent, bytesLeft = 1e9, ratio = 10, decoded }: Reading) {
  const asked: unknown[] = [];
  const reserved: number[] = [];
  const decoder = (name: string): BodyDecoder => {
    return async (body, maxBytes) => {
      asked.push([name, Buffer.from(body).toString(), maxBytes]);
      return decoded ?? allow(Buffer.from('decoded'));
    };
  };
  const lease = {
    reserve(bytes: number): boolean {
      reserved.push(bytes);
      return bytes <= bytesLeft;
    },
    [Symbol.dispose]: () => {},
  };
  const decision = await readBody(
    gatewayRequest({ readBody: async () => sent }),
    { contentLength: undefined, encoding, mediaType: 'text' },
    { maxBytes: 100, maxChunks: 100, timeoutMs: 1000, lease },
    { ...WIDE_LIMITS, decoded: 500, ratio },
    { gzip: decoder('gzip'), snappy: decoder('snappy') },
  );
  return { decision, asked, reserved };
}

const SENT = allow(Buffer.from('compressed'));

test('readBody gives a plain body as it was sent, with nothing to decode', async () => {
  const { decision, asked, reserved } = await read({ encoding: 'identity', sent: SENT });
  assert.deepEqual(allowed(decision), { body: SENT.value, bodyBytes: 10 });
  assert.deepEqual([asked, reserved], [[], []]);
});

for (const encoding of ['gzip', 'snappy'] as const) {
  test(`readBody undoes ${encoding} with its own decoder`, async () => {
    const { decision, asked } = await read({ encoding, sent: SENT });
    assert.deepEqual(allowed(decision), { body: Buffer.from('decoded'), bodyBytes: 10 });
    assert.deepEqual(asked, [[encoding, 'compressed', 100]]);
  });
}

const BOUNDS = [
  [10, 100, 'the ratio'],
  [200, 500, 'the decoded size'],
] as const;
for (const [ratio, maxBytes, what] of BOUNDS) {
  test(`readBody bounds decoding by ${what} when that is less, and reserves as much`, async () => {
    const { asked, reserved } = await read({ sent: SENT, ratio });
    assert.deepEqual(asked, [['gzip', 'compressed', maxBytes]]);
    assert.deepEqual(reserved, [maxBytes]);
  });
}

test('readBody decodes nothing for which there are no bytes left', async () => {
  const { decision, asked } = await read({ sent: SENT, bytesLeft: 99 });
  assert.equal(denied(decision).reason, 'overloaded');
  assert.deepEqual(asked, []);
});

test('readBody passes on why a body did not arrive, and decodes nothing', async () => {
  const { decision, asked } = await read({ sent: deny('body_timeout', 'too slow') });
  assert.deepEqual(denied(decision), deny('body_timeout', 'too slow'));
  assert.deepEqual(asked, []);
});

test('readBody passes on why a body could not be decoded', async () => {
  const { decision } = await read({ sent: SENT, decoded: deny('decoded_too_large') });
  assert.equal(denied(decision).reason, 'decoded_too_large');
});
