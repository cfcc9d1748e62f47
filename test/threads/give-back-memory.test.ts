import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveBackMemory } from '../../src/threads/give-back-memory.ts';

const MEBIBYTE = 1024 ** 2;

function makeGarbage(): number {
  const kept = Array.from({ length: 500_000 }, (_, index) => ({ index, text: `${index}` }));
  return kept.length;
}

test('the room of what is no longer needed goes back to the system', () => {
  makeGarbage();
  const before = process.memoryUsage().heapTotal;
  giveBackMemory();
  const returned = before - process.memoryUsage().heapTotal;
  assert.ok(returned > 20 * MEBIBYTE, `${returned} bytes`);
});
