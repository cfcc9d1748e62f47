import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remember } from '../../src/core/memo.ts';
import { heapGrowth } from '../support/heap-growth.ts';

/** What was computed, in order. */
function watched(most: number, keeps?: (result: string) => boolean) {
  const computed: string[] = [];
  const compute = (text: string): string => {
    computed.push(text);
    return text.toUpperCase();
  };
  return { computed, look: remember(compute, most, keeps) };
}

test('a text is computed once, and forgotten with all others when there are too many', () => {
  const { computed, look } = watched(2);
  assert.deepEqual(['a', 'a', 'b', 'a'].map(look), ['A', 'A', 'B', 'A']);
  assert.deepEqual(computed, ['a', 'b']);
  look('c');
  look('a');
  assert.deepEqual(computed, ['a', 'b', 'c', 'a']);
});

test('texts that were not asked for again keep their places for a while, which others pass by', () => {
  const { computed, look } = watched(2);
  for (const text of ['a', 'b', 'c', 'c', 'a']) look(text);
  assert.deepEqual(computed, ['a', 'b', 'c', 'c']);
  for (let other = 0; other < 15; other += 1) look(`other ${other}`);
  computed.length = 0;
  for (const text of ['d', 'd', 'a']) look(text);
  assert.deepEqual(computed, ['d', 'a']);
});

test('a long text, and a result that is not worth it, take no place', () => {
  const { computed, look } = watched(2, (result) => result !== 'NO');
  const long = 'l'.repeat(513);
  for (const text of ['a', long, long, 'no', 'no', 'a']) look(text);
  assert.deepEqual(computed, ['a', long, long, 'no', 'no']);
});

test('what was cut from a long text does not keep it alive', () => {
  const look = remember((text) => text.length, 100);
  const bytes = heapGrowth(() => {
    for (let at = 0; at < 50; at += 1) {
      look(Buffer.alloc(1_000_000, `text number ${at}`).toString('latin1').slice(0, 100));
    }
  });
  assert.ok(bytes < 10_000_000, `${bytes} bytes are kept`);
});
