import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readSegmentBlocks } from '../../../src/audit/read/segment-blocks.ts';
import { LineCursor } from '../../../src/core/audit/history/log-line.ts';
import { createScratch } from '../../support/scratch.ts';

const line = (seq: number, more = ''): string =>
  `{"seq":${seq},"time":"2026-11-22T12:00:00.000Z","event":"decision","more":"${more}"}`;

async function readAll(path: string, end?: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const block of readSegmentBlocks(path, end)) {
    for (const cursor = new LineCursor(block); cursor.next(); ) {
      assert.deepEqual([cursor.event, cursor.time], ['decision', '2026-11-22T12:00:00.000Z']);
      found.push(cursor.text);
    }
  }
  return found;
}

/** More than is read at once, in lines that end anywhere in it. */
const MANY = Array.from({ length: 20_000 }, (_, seq) => line(seq + 1, 'x'.repeat(seq % 300)));

const cases = [
  ['many lines', MANY, MANY],
  ['no line', [], []],
  [
    'one that is longer than any of a gateway',
    [line(1), 'x'.repeat(3e6), line(2)],
    [line(1), line(2)],
  ],
  ['text of something else', ['hello', line(1), '{"seq":1}', '', line(2)], [line(1), line(2)]],
] as const;
for (const [what, lines, want] of cases) {
  for (const isPacked of [false, true]) {
    test(`readSegmentBlocks gives every line of a ${isPacked ? 'packed' : 'plain'} file with ${what}`, async () => {
      await using scratch = await createScratch();
      const text = lines.map((one) => `${one}\n`).join('');
      const path = await scratch.write('audit.jsonl', isPacked ? gzipSync(text) : text);
      assert.deepEqual(await readAll(path), want);
    });
  }
}

test('readSegmentBlocks gives a last line without its end, and stops where it is told', async () => {
  await using scratch = await createScratch();
  const path = await scratch.write('audit.jsonl', `${line(1)}\n${line(2)}`);
  assert.deepEqual(await readAll(path), [line(1), line(2)]);
  assert.deepEqual(await readAll(path, line(1).length + 1), [line(1)]);
});

test('LineCursor finds words in the line that it stands at, and in no other', async () => {
  const bytes = Buffer.from(`${line(1, 'b')}\n${line(2, 'a')}\n${line(3)}\n${line(4, 'ab')}`);
  const cursor = new LineCursor({ bytes, from: 0, to: bytes.length });
  const found: string[] = [];
  while (cursor.next()) {
    found.push(`${cursor.includes('"a') ? 'a' : ''}${cursor.includes(':"b') ? 'b' : ''}`);
  }
  assert.deepEqual(found, ['b', 'a', '', 'a']);
});
