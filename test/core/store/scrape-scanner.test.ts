import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScrapeScanner } from '../../../src/core/store/scrape-scanner.ts';
import { createStampMemory } from '../../../src/core/store/stamp-memory.ts';

const SCRAPE = Buffer.from(
  [
    '# HELP a of many\\n# TYPE forged gauge',
    '# TYPE a counter',
    'a{job="x",x="# TYPE forged gauge"} 1',
    'a{job="y"} 1',
    '# TYPE b_seconds histogram',
    'b_seconds_bucket{job="x",le="+Inf"} 1',
    '# TYPE "c.d \\"e\\\\" gauge',
    '{"c.d \\"e\\\\",job="x"} 1',
    '# HELP go_info own',
    '# TYPE go_info gauge',
    'go_info{version="go1.19"} 1',
    '# HELP push_failure_time_seconds of a group',
    '# TYPE push_failure_time_seconds gauge',
    'push_failure_time_seconds{instance="",job="x"} 0',
    'push_failure_time_seconds{instance="",job="y \\"\\n",z="1"} 3',
    '# TYPE push_time_seconds gauge',
    'push_time_seconds{instance="",job="x"} 1.7958970717319334e+09',
    'push_time_seconds{instance="i",job="x"} 2',
    'push_time_seconds{instance="",job="y \\"\\n",z="1"} 0',
    '# TYPE ü untyped',
    'ü{job="x"} 1',
    '',
  ].join('\n'),
);

function scan(...chunks: readonly Buffer[]) {
  const memory = createStampMemory();
  memory.begin();
  const scanner = createScrapeScanner(memory);
  for (const chunk of chunks) scanner.add(chunk);
  const stamps = [...memory.end()].flatMap(({ changed }) => changed);
  const lines = Object.fromEntries(scanner.lines());
  return { names: [...scanner.names()], lines, stamps, own: scanner.own() };
}

const FOUND = {
  names: [
    'a',
    'b_seconds',
    'c.d "e\\',
    'go_info',
    'push_failure_time_seconds',
    'push_time_seconds',
    'ü',
  ],
  lines: { a: 2, b_seconds: 1, 'c.d "e\\': 1, ü: 1 },
  stamps: [
    { id: '/metrics/job/x', pushedAt: 1.7958970717319334e9 * 1000, failedAt: 0 },
    { id: '/metrics/job@base64/eSAiCg/z/1', pushedAt: 0, failedAt: 3000 },
    { id: '/metrics/job/x/instance/i', pushedAt: 2000, failedAt: 0 },
  ],
  own: '# TYPE go_info gauge\ngo_info{version="go1.19"} 1\n',
};

test('a scrape tells the families with their lines, the groups with their times, and what is Pushgateway’s own', () => {
  assert.deepEqual(scan(SCRAPE), FOUND);
});

test('a scrape that comes in two chunks tells the same, wherever it is cut', () => {
  for (let at = 0; at <= SCRAPE.length; at += 1) {
    assert.deepEqual(scan(SCRAPE.subarray(0, at), SCRAPE.subarray(at)), FOUND, `at ${at}`);
  }
});

test('a scrape that comes byte by byte tells the same', () => {
  assert.deepEqual(scan(...Array.from(SCRAPE, (byte) => Buffer.of(byte))), FOUND);
});

test('time stamps that nobody asks for are passed over', () => {
  const scanner = createScrapeScanner();
  for (const byte of SCRAPE) scanner.add(Buffer.of(byte));
  const { names, own } = FOUND;
  assert.deepEqual({ names: [...scanner.names()], own: scanner.own() }, { names, own });
});

test('a type that is cut off is no name', () => {
  assert.deepEqual(scan(Buffer.from('# TYPE a gauge\na 1\n# TYPE b ga')).names, ['a']);
  assert.deepEqual(scan().names, []);
});
