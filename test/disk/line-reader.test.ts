import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutIntoRanges, readLines } from '../../src/disk/line-reader.ts';
import { MemoryFileSystem } from './memory-file-system.ts';

function open(content: string) {
  const fs = new MemoryFileSystem();
  fs.put('/file', Buffer.from(content, 'latin1'));
  return { fs, fd: fs.open('/file', 'r') };
}

test('readLines gives every line with its number, and says when the last has no end', () => {
  const { fs, fd } = open('a\n\nbc\nd');
  assert.deepEqual(
    [...readLines(fs, fd)],
    [
      { number: 1, text: 'a', bytes: 2, complete: true },
      { number: 2, text: '', bytes: 1, complete: true },
      { number: 3, text: 'bc', bytes: 3, complete: true },
      { number: 4, text: 'd', bytes: 1, complete: false },
    ],
  );
});

test('readLines gives a character a byte', () => {
  const { fs, fd } = open('\u0000\u00ff\n');
  assert.equal([...readLines(fs, fd)][0]?.text, '\u0000\u00ff');
});

test('readLines keeps 32 KiB of a longer line, and counts all of it', () => {
  const { fs, fd } = open(`${'x'.repeat(600_000)}\ny\n`);
  const lines = [...readLines(fs, fd)];
  assert.deepEqual(
    lines.map(({ text, bytes }) => [text.length, bytes]),
    [
      [32 * 1024, 600_001],
      [1, 2],
    ],
  );
});

test('the lines of the parts of a file are the lines of the file', () => {
  const line = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.constant('x'.repeat(70_000)));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 100, max: 9000 }), (texts, bytes) => {
      const { fs, fd } = open(texts.join('\n'));
      const whole = [...readLines(fs, fd)];
      const ranges = cutIntoRanges(fs, fd, bytes);
      const parts = ranges.flatMap((range) => [...readLines(fs, fd, range)]);
      assert.deepEqual(
        parts.map(({ text }) => text),
        whole.map(({ text }) => text),
      );
    }),
    { numRuns: 60 },
  );
});
