import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, EntryQueue } from '../../../src/audit/log/entry-queue.ts';

const MEBIBYTE = 1024 * 1024;

function entry(length: number): Entry {
  const json = 'x'.repeat(length);
  return { event: 'decision', json, isKept: true, isMissed: false, waiter: undefined };
}

test('a queue gives entries in order, until they have the length asked for', () => {
  const queue = new EntryQueue();
  const entries = [entry(10), entry(20), entry(30)];
  for (const one of entries) queue.push(one);
  assert.deepEqual(queue.take(11), entries.slice(0, 2));
  assert.deepEqual(queue.take(1), entries.slice(2));
  assert.deepEqual(queue.take(1), []);
});

test('a queue holds 16 mebibytes at once, and any number after one another', () => {
  const queue = new EntryQueue();
  const one = entry(MEBIBYTE);
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 16; index += 1) assert.ok(queue.push(one));
    assert.equal(queue.push(one), false);
    assert.equal(queue.take(Number.POSITIVE_INFINITY).length, 16);
  }
});
