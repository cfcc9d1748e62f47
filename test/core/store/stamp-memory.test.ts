import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStampMemory, type StampMemory } from '../../../src/core/store/stamp-memory.ts';

/** What changes with a scrape that shows these groups with the times of their pushes. */
function look(memory: StampMemory, shown: Readonly<Record<string, number>>) {
  memory.begin();
  for (const [job, time] of Object.entries(shown)) {
    memory.note(`instance="",job="${job}"`, 'failedAt', 0);
    memory.note(`instance="",job="${job}"`, 'pushedAt', time);
  }
  const parts = [...memory.end()];
  return {
    isWhole: parts.every(({ isWhole }) => isWhole),
    changed: parts.flatMap(({ changed }) => changed.map(({ id, pushedAt }) => [id, pushedAt])),
    gone: parts.flatMap(({ gone }) => gone),
    parts: parts.length,
  };
}

test('only what is new, other or gone comes again', () => {
  const memory = createStampMemory();
  const first = look(memory, { a: 1, b: 2 });
  assert.deepEqual(
    [first.isWhole, first.changed],
    [
      true,
      [
        ['/metrics/job/a', 1],
        ['/metrics/job/b', 2],
      ],
    ],
  );
  const same = { isWhole: false, changed: [], gone: [], parts: 1 };
  assert.deepEqual(look(memory, { b: 2, a: 1 }), same);
  assert.deepEqual(look(memory, { b: 3, c: 0 }), {
    ...same,
    changed: [
      ['/metrics/job/b', 3],
      ['/metrics/job/c', 0],
    ],
    gone: ['/metrics/job/a'],
  });
  assert.deepEqual(look(memory, { a: 1, b: 3, c: 0 }).changed, [['/metrics/job/a', 1]]);
});

test('many groups come in parts, and what was forgotten comes whole', () => {
  const memory = createStampMemory();
  const many = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`j${index}`, index]));
  const first = look(memory, many);
  assert.deepEqual([first.changed.length, first.parts], [2500, 26]);
  assert.equal(look(memory, many).changed.length, 0);
  memory.clear();
  const again = look(memory, many);
  assert.deepEqual([again.isWhole, again.changed.length], [true, 2500]);
  assert.equal(look(memory, {}).gone.length, 2500);
});
