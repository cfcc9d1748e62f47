import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DURATION_PATTERN,
  parseDuration,
  parseRate,
  parseSize,
  RATE_PATTERN,
  SIZE_PATTERN,
} from '../../src/core/units.ts';

const durations = [
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
] as const;
for (const [text, ms] of durations) {
  test(`parseDuration reads ${text}`, () => {
    assert.match(text, DURATION_PATTERN);
    assert.equal(parseDuration(text), ms);
  });
}

const sizes = [
  ['512B', 512],
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['2GiB', 2_147_483_648],
] as const;
for (const [text, bytes] of sizes) {
  test(`parseSize reads ${text}`, () => {
    assert.match(text, SIZE_PATTERN);
    assert.equal(parseSize(text), bytes);
  });
}

test('parseSize takes a number for bytes', () => {
  assert.equal(parseSize(4096), 4096);
});

const rates = [
  ['10/s', { count: 10, perMs: 1000 }],
  ['600/m', { count: 600, perMs: 60_000 }],
  ['5/h', { count: 5, perMs: 3_600_000 }],
] as const;
for (const [text, rate] of rates) {
  test(`parseRate reads ${text}`, () => {
    assert.match(text, RATE_PATTERN);
    assert.deepEqual(parseRate(text), rate);
  });
}

const foreign = [
  {
    pattern: DURATION_PATTERN,
    texts: ['', '0s', '10', '1.5h', '1h30m', '-5s', '10 s', '10S', '1y'],
  },
  { pattern: SIZE_PATTERN, texts: ['', '0B', '1MB', '1mib', '1.5MiB', '-1KiB', '1 MiB', '10'] },
  { pattern: RATE_PATTERN, texts: ['', '0/s', '10', '10/d', '10/ms', '1.5/s', '10 / s', '10/S'] },
];
for (const { pattern, texts } of foreign) {
  for (const text of texts) {
    test(`${pattern.source} does not match "${text}"`, () => {
      assert.doesNotMatch(text, pattern);
    });
  }
}

test('parseDuration, parseSize and parseRate throw for what their patterns do not match', () => {
  for (const parse of [parseDuration, parseSize, parseRate]) {
    assert.throws(() => parse('1y'), new TypeError('1y has no unit that is known'));
  }
});
