import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decodeGzip } from '../../src/encodings/gzip.ts';
import { denied } from '../support/decision.ts';

const MAX_BYTES = 1_000_000;

/** Sizes on both sides of the one up to which inflating is done on the spot. */
const TEXTS = [
  ['nothing', ''],
  ['a line', 'up 1\n'],
  ['a body that does not compress', randomText(100_000)],
] as const;

for (const [name, text] of TEXTS) {
  const member = gzipSync(text);

  test(`decodeGzip returns ${name}`, async () => {
    const decision = await decodeGzip(member, MAX_BYTES);
    assert.equal(decision.effect === 'allow' && decision.value.toString(), text);
  });

  test(`decodeGzip joins the members of ${name}`, async () => {
    const decision = await decodeGzip(Buffer.concat([member, member]), MAX_BYTES);
    assert.equal(decision.effect === 'allow' && decision.value.toString(), text + text);
  });

  const wrong = [
    ['without its last byte', member.subarray(0, -1)],
    ['without its checksum', member.subarray(0, -8)],
    ['cut off in its header', member.subarray(0, 5)],
    ['followed by text', Buffer.concat([member, Buffer.from('up 1\n')])],
    ['followed by zeros', Buffer.concat([member, Buffer.alloc(3)])],
    ['followed by half a member', Buffer.concat([member, member.subarray(0, -1)])],
    ['with a wrong checksum', flipped(member, member.length - 8)],
    ['with a wrong length', flipped(member, member.length - 1)],
  ] as const;
  for (const [how, body] of wrong) {
    test(`decodeGzip refuses ${name} ${how}`, async () => {
      const decision = await decodeGzip(body, MAX_BYTES);
      assert.equal(decision.effect === 'deny' && decision.reason, 'body_invalid');
    });
  }
}

for (const [name, body] of [
  ['plain text', Buffer.from('up 1\n')],
  ['an empty body', Buffer.alloc(0)],
] as const) {
  test(`decodeGzip refuses ${name}`, async () => {
    const decision = await decodeGzip(body, MAX_BYTES);
    assert.equal(decision.effect === 'deny' && decision.reason, 'body_invalid');
  });
}

test('decodeGzip takes a body of exactly the limit and refuses one byte more', async () => {
  const body = gzipSync(Buffer.alloc(5000, 'a'));
  assert.equal((await decodeGzip(body, 5000)).effect, 'allow');
  const decision = await decodeGzip(body, 4999);
  assert.equal(decision.effect === 'deny' && decision.reason, 'decoded_too_large');
});

for (const [name, layers] of [
  ['one member', 1],
  ['many members', 500],
] as const) {
  test(`decodeGzip ends a bomb of ${name} without holding its output`, async () => {
    const zeros = gzipSync(Buffer.alloc(100_000_000 / layers), { level: 9 });
    const bomb = Buffer.concat(Array.from({ length: layers }, () => zeros));
    const before = process.memoryUsage().rss;
    const decision = await decodeGzip(bomb, MAX_BYTES);
    assert.equal(decision.effect === 'deny' && decision.reason, 'decoded_too_large');
    assert.ok(process.memoryUsage().rss - before < 50_000_000);
  });
}

function flipped(body: Buffer, index: number): Buffer {
  const copy = Buffer.from(body);
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}

function randomText(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 0x7fffffff;
    return String.fromCharCode(33 + (state % 90));
  }).join('');
}

test('decodeGzip says of a body that was cut to send it whole', async () => {
  const whole = gzipSync('rows 1\n'.repeat(100));
  const { detail, hints } = denied(await decodeGzip(whole.subarray(0, -9), 100_000));
  assert.equal(detail, 'the body ends too early');
  assert.match(hints?.join() ?? '', /send it whole/);
});
