import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadGroup } from '../../../src/core/store/group-store.ts';
import { createListingScanner } from '../../../src/core/store/listing-scanner.ts';

const stamp = (value: string, labels = {}) => ({
  time_stamp: '2026-11-28T20:17:51Z',
  type: 'GAUGE',
  help: 'Last Unix time',
  metrics: [{ labels: { instance: '', job: 'a', ...labels }, value }],
});
const family = (type: string, ...metrics: readonly object[]) => ({ type, metrics });

const LISTING = {
  status: 'success',
  data: [
    {
      labels: { job: 'a', x: 'y "}]' },
      last_push_successful: true,
      push_time_seconds: stamp('1.7958970717319334e+09'),
      push_failure_time_seconds: stamp('0'),
      rows: family('GAUGE', { labels: { job: 'a' }, value: '1' }, { labels: {}, value: '2' }),
      h: family('HISTOGRAM', { buckets: { '+Inf': '3' }, count: '3', sum: '1' }),
      n: family('HISTOGRAM', { buckets: [[3, '-1', '1', '1']], count: '3', sum: '1' }),
      odd: family('99'),
    },
    { labels: family('COUNTER', { value: '1' }), push_time_seconds: stamp('5', { z: '1' }) },
    { last_push_successful: false },
  ],
};
const TEXT = Buffer.from(JSON.stringify(LISTING));

function groupsOf(...chunks: readonly Buffer[]): readonly object[] {
  const groups: ReadGroup[] = [];
  const scanner = createListingScanner((group) => groups.push(group));
  for (const chunk of chunks) scanner.add(chunk);
  scanner.end();
  return groups.map((group) => ({
    ...group,
    families: group.families.map(({ name, type, series }) => ({ name, type, series })),
  }));
}

const GROUPS: readonly object[] = [
  {
    id: '/metrics/job/a/x@base64/eSAifV0',
    key: { job: 'a', labels: [{ name: 'x', value: 'y "}]' }] },
    families: [
      { name: 'rows', type: 'gauge', series: 2 },
      { name: 'h', type: 'histogram', series: 3 },
      { name: 'n', type: 'native_histogram', series: 3 },
      { name: 'odd', type: 'untyped', series: 0 },
    ],
    pushedAt: 1.7958970717319334e9 * 1000,
    failedAt: undefined,
  },
  {
    id: '/metrics/job/a/z/1',
    key: { job: 'a', labels: [{ name: 'z', value: '1' }] },
    families: [{ name: 'labels', type: 'counter', series: 1 }],
    pushedAt: 5000,
    failedAt: undefined,
  },
];

test('a listing is read into groups, what has no key left out', () => {
  assert.deepEqual(groupsOf(TEXT), GROUPS);
});

test('a listing that comes in two chunks is the same, wherever it is cut', () => {
  for (let at = 0; at <= TEXT.length; at += 1) {
    assert.deepEqual(groupsOf(TEXT.subarray(0, at), TEXT.subarray(at)), GROUPS, `at ${at}`);
  }
});

test('a listing that comes byte by byte is the same', () => {
  assert.deepEqual(groupsOf(...Array.from(TEXT, (byte) => Buffer.of(byte))), GROUPS);
});

const HOSTILE = {
  'is empty': '',
  'is another answer': '{"status":"error"}',
  'is an object without anything': '{}',
  'is cut off': TEXT.toString().slice(0, -2),
  'ends in a string': '{"data":["',
  'closes too much': '{}}',
  'is nested without end': '['.repeat(100_000),
  'has a string without end': `{"data":["${'a'.repeat(5_000_000)}`,
  'has a nested metric': `{"data":[{"m":{"metrics":[${'['.repeat(40)}`,
};
for (const [what, text] of Object.entries(HOSTILE)) {
  test(`a listing that ${what} is none`, () => {
    const chunks = text.match(/.{1,65536}/gs) ?? [];
    assert.throws(() => groupsOf(...chunks.map((chunk) => Buffer.from(chunk))), SyntaxError);
  });
}

test('a label name with a comma in it is not taken for two', () => {
  const read = (...metrics: readonly object[]) => {
    const groups: ReadGroup[] = [];
    const scanner = createListingScanner((group) => groups.push(group));
    const data = [{ labels: { job: 'a' }, rows: family('GAUGE', ...metrics) }];
    scanner.add(Buffer.from(JSON.stringify({ status: 'success', data })));
    scanner.end();
    return groups[0]?.families[0]?.identities;
  };
  const one = { labels: { 'a,b': '1' }, value: '1' };
  const two = { labels: { a: '1', b: '2' }, value: '1' };
  assert.deepEqual(read(one, two), [...(read(one) ?? []), ...(read(two) ?? [])]);
});
