import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asShown } from '../../src/store/shown-names.ts';

test('names are those of a scrape, and lines of two that look the same are added up', () => {
  const held = new Map([
    ['node:cpu_9', 1],
    ['m.x', 2],
    ['m_x', 3],
    ['9é😀', 4],
  ]);
  const shown = { 'node:cpu_9': 1, m_x: 5, ___: 4 };
  assert.deepEqual(Object.fromEntries(asShown(held)), shown);
});
