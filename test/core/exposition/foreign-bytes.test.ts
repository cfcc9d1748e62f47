import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { parseProtobufExposition } from '../../../src/core/exposition/protobuf/protobuf-exposition.ts';
import { parseTextExposition } from '../../../src/core/exposition/text/text-exposition.ts';
import { WIDE_SCOPE } from '../../support/content-scope.ts';
import { delimited, double, integer, prefixed } from '../../support/protobuf.ts';

const TEXT = Buffer.from('# TYPE rows gauge\nrows 42\n');
const magic = (hex: string): Buffer =>
  Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from('00ff41fe', 'hex')]);

const COMPRESSED: Readonly<Record<string, readonly [Buffer, RegExp, RegExp]>> = {
  gzip: [gzipSync(TEXT), /compressed \(gzip\)/, /Content-Encoding: gzip/],
  'gzip twice': [gzipSync(gzipSync(TEXT)), /compressed \(gzip\)/, /twice/],
  'framed snappy': [magic('ff060000734e61507059'), /framed snappy/, /Content-Encoding: snappy/],
  zstd: [zstdCompressSync(TEXT), /is zstd/, /gzip/],
  zlib: [deflateSync(TEXT), /is zlib \(deflate\)/, /gzip/],
  bzip2: [magic('425a6839'), /is bzip2/, /gzip/],
  xz: [magic('fd377a585a00'), /is xz/, /gzip/],
  zip: [magic('504b0304'), /is a zip archive/, /gzip/],
  lz4: [magic('04224d18'), /is lz4/, /gzip/],
};

for (const [name, [body, problem, hint]] of Object.entries(COMPRESSED)) {
  for (const parse of [parseTextExposition, parseProtobufExposition]) {
    test(`${parse.name} says that a body is ${name}`, () => {
      const decision = parse(body, WIDE_SCOPE);
      assert.ok(decision.effect === 'deny');
      assert.match(decision.detail ?? '', problem);
      assert.ok(decision.hints?.some((line) => hint.test(line)));
    });
  }
}

test('text that begins with the letters of bzip2 is text', () => {
  assert.equal(parseTextExposition(Buffer.from('BZh 1\n'), WIDE_SCOPE).effect, 'allow');
});

test('a body in protobuf that was sent as text says which header it needs', () => {
  const gauge = delimited(2, double(1, 5));
  const body = prefixed(delimited(1, 'rows'), integer(3, 1), delimited(4, gauge));
  const decision = parseTextExposition(body, WIDE_SCOPE);
  assert.ok(decision.effect === 'deny');
  assert.equal(decision.detail, 'the body is protobuf, and was not sent as such');
  assert.match(decision.hints?.[0] ?? '', /application\/vnd.google.protobuf/);
});
