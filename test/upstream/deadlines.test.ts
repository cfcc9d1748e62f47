import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadlines, type Due } from '../../src/upstream/deadlines.ts';

/** Something that says when its deadline has passed. */
function due(inMs: number, onPassed: () => void): Due {
  return { deadline: performance.now() + inMs, onPassed };
}

test('what has a deadline hears when it has passed, in whatever order it was asked for', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  const forgotten = due(30, () => passed.push('forgotten'));
  deadlines.add(due(60, () => passed.push('late')));
  deadlines.add(due(20, () => passed.push('soon')));
  deadlines.add(due(-1000, () => passed.push('over')));
  deadlines.add(forgotten);
  deadlines.remove(forgotten);
  assert.deepEqual(passed, []);
  await delay(10);
  assert.deepEqual(passed, ['over']);
  await delay(300);
  assert.deepEqual(passed, ['over', 'soon', 'late']);
});

test('a deadline is kept after one that nobody waits for any more', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  const first = due(10, () => passed.push('first'));
  deadlines.add(first);
  deadlines.remove(first);
  await delay(50);
  deadlines.add(due(10, () => passed.push('second')));
  await delay(300);
  assert.deepEqual(passed, ['second']);
});

test('a deadline may be set where another has passed', async () => {
  const deadlines = new Deadlines();
  const passed: string[] = [];
  const first = due(5, () => {
    passed.push('first');
    deadlines.add(due(5, () => passed.push('second')));
  });
  deadlines.add(first);
  await delay(300);
  assert.deepEqual(passed, ['first', 'second']);
});
