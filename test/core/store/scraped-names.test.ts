import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScrapedNames } from '../../../src/core/store/scraped-names.ts';

const SCRAPE = Buffer.from(
  [
    '# HELP a of many\\n# TYPE forged gauge',
    '# TYPE a counter',
    'a{x="# TYPE forged gauge"} 1',
    '# TYPE b_seconds histogram',
    'b_seconds_bucket{le="+Inf"} 1',
    '# TYPE "c.d \\"e\\\\" gauge',
    '{"c.d \\"e\\\\"} 1',
    '# TYPE ü untyped',
    'ü 1',
    '',
  ].join('\n'),
);
const NAMES = ['a', 'b_seconds', 'c.d "e\\', 'ü'];

function namesOf(...chunks: readonly Uint8Array[]): readonly string[] {
  const scraped = createScrapedNames();
  for (const chunk of chunks) scraped.add(chunk);
  return [...scraped.names()];
}

test('the names of a scrape are those of its types', () => {
  assert.deepEqual(namesOf(SCRAPE), NAMES);
});

test('a scrape that comes in two chunks has the same names, wherever it is cut', () => {
  for (let at = 0; at <= SCRAPE.length; at += 1) {
    assert.deepEqual(namesOf(SCRAPE.subarray(0, at), SCRAPE.subarray(at)), NAMES, `at ${at}`);
  }
});

test('a scrape that comes byte by byte has the same names', () => {
  assert.deepEqual(namesOf(...Array.from(SCRAPE, (byte) => Uint8Array.of(byte))), NAMES);
});

test('a type that is cut off is no name', () => {
  assert.deepEqual(namesOf(Buffer.from('# TYPE a gauge\na 1\n# TYPE b ga')), ['a']);
  assert.deepEqual(namesOf(), []);
});
