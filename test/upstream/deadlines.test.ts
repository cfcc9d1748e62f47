import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadlines } from '../../src/upstream/deadlines.ts';

test('what has a deadline hears when it has passed, in whatever order it was asked for', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  const now = performance.now();
  deadlines.add(now + 60, () => passed.push('late'));
  deadlines.add(now + 20, () => passed.push('soon'));
  deadlines.add(now - 1000, () => passed.push('over'));
  const forget = deadlines.add(now + 30, () => passed.push('forgotten'));
  forget();
  assert.deepEqual(passed, []);
  await delay(10);
  assert.deepEqual(passed, ['over']);
  await delay(300);
  assert.deepEqual(passed, ['over', 'soon', 'late']);
});

test('a deadline is kept after one that nobody waits for any more', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  const forget = deadlines.add(performance.now() + 10, () => passed.push('first'));
  forget();
  await delay(50);
  deadlines.add(performance.now() + 10, () => passed.push('second'));
  await delay(300);
  assert.deepEqual(passed, ['second']);
});

test('a deadline may be set where another has passed', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  deadlines.add(performance.now() + 5, () => {
    passed.push('first');
    deadlines.add(performance.now() + 5, () => passed.push('second'));
  });
  await delay(300);
  assert.deepEqual(passed, ['first', 'second']);
});
