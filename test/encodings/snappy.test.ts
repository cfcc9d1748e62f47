import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compress } from 'snappyjs';
import { crc32c } from '../../src/encodings/crc32c.ts';
import { decodeSnappy } from '../../src/encodings/snappy.ts';

const MAX_BYTES = 1_000_000;
const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex');
const LINES = 'batch_rows_total{table="orders"} 42\n'.repeat(6);

/** What Go's snappy writer makes of a short text and of `LINES`. */
const FROM_GO = [
  ['up 1\n', 'ff060000734e615070590109000079cf9717757020310a'],
  [
    LINES,
    'ff060000734e6150705900340000a4262e87d8018c62617463685f726f77735f746f74616c7b7461626c653d226f7264657273227d2034320aee2400ee2400ee2400',
  ],
] as const;

for (const [text, hex] of FROM_GO) {
  test(`decodeSnappy returns ${text.length} bytes that Go framed`, async () => {
    const decision = await decodeSnappy(Buffer.from(hex, 'hex'), MAX_BYTES);
    assert.equal(decision.effect === 'allow' && Buffer.from(decision.value).toString(), text);
  });
}

test('crc32c agrees with the value that RFC 3720 gives for 32 zeros', () => {
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
});

test('decodeSnappy joins chunks and streams', async () => {
  const stream = Buffer.concat([IDENTIFIER, chunk(0, 'a 1\n'), chunk(1, 'b 2\n')]);
  const decision = await decodeSnappy(Buffer.concat([stream, IDENTIFIER, stream]), MAX_BYTES);
  assert.equal(
    decision.effect === 'allow' && Buffer.from(decision.value).toString(),
    'a 1\nb 2\na 1\nb 2\n',
  );
});

test('decodeSnappy takes chunks of nothing and of 64 KiB', async () => {
  const chunks = ['', 'a'.repeat(65_536)].flatMap((text) => [chunk(0, text), chunk(1, text)]);
  const decision = await decodeSnappy(Buffer.concat([IDENTIFIER, ...chunks]), MAX_BYTES);
  assert.equal(decision.effect === 'allow' && decision.value.byteLength, 131_072);
});

test('decodeSnappy returns nothing for a stream without chunks', async () => {
  const decision = await decodeSnappy(IDENTIFIER, MAX_BYTES);
  assert.equal(decision.effect === 'allow' && decision.value.byteLength, 0);
});

const good = chunk(0, LINES);
const damaged = Buffer.from(good);
damaged.writeUInt8(damaged.readUInt8(20) ^ 1, 20);

const WRONG = [
  ['nothing', Buffer.alloc(0)],
  ['plain text', Buffer.from('up 1\n')],
  ['a block without frames', compress(Buffer.from(LINES))],
  ['a chunk without the identifier', good],
  ['a chunk that is cut off', Buffer.concat([IDENTIFIER, good.subarray(0, -1)])],
  ['a header that is cut off', Buffer.concat([IDENTIFIER, good, good.subarray(0, 3)])],
  ['a damaged chunk', Buffer.concat([IDENTIFIER, damaged])],
  [
    'a chunk shorter than a checksum',
    Buffer.concat([IDENTIFIER, Buffer.from('01020000ffff', 'hex')]),
  ],
  ['a chunk to skip', Buffer.concat([IDENTIFIER, chunk(0x80, LINES)])],
  ['padding', Buffer.concat([IDENTIFIER, chunk(0xfe, LINES)])],
  ['over 10000 identifiers', Buffer.alloc(10_002 * IDENTIFIER.length, IDENTIFIER)],
  ['over 10000 chunks', Buffer.concat([IDENTIFIER, Buffer.alloc(10_001 * 8, chunk(1, ''))])],
  ['a chunk of over 64 KiB', Buffer.concat([IDENTIFIER, chunk(1, 'a'.repeat(65_537))])],
  ['a compressed chunk of over 64 KiB', Buffer.concat([IDENTIFIER, chunk(0, 'a'.repeat(65_537))])],
  ['text after the chunks', Buffer.concat([IDENTIFIER, good, Buffer.from('up 1\n')])],
] as const;

for (const [name, body] of WRONG) {
  test(`decodeSnappy refuses ${name}`, async () => {
    const decision = await decodeSnappy(body, MAX_BYTES);
    assert.equal(decision.effect === 'deny' && decision.reason, 'body_invalid');
  });
}

test('decodeSnappy takes a body of exactly the limit and refuses one byte more', async () => {
  const body = Buffer.concat([IDENTIFIER, chunk(0, LINES)]);
  assert.equal((await decodeSnappy(body, LINES.length)).effect, 'allow');
  const decision = await decodeSnappy(body, LINES.length - 1);
  assert.equal(decision.effect === 'deny' && decision.reason, 'decoded_too_large');
});

/** A chunk of a type that has content behind its checksum. */
function chunk(type: number, text: string): Buffer {
  const content = Buffer.from(text);
  const data = type === 0 ? compress(content) : content;
  const crc = crc32c(content);
  const head = Buffer.alloc(8);
  head.writeUInt8(type);
  head.writeUIntLE(data.length + 4, 1, 3);
  head.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, 4);
  return Buffer.concat([head, data]);
}
