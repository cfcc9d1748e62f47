import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInSlices } from '../../src/compose/run-in-slices.ts';
import { mapInSteps } from '../../src/core/steps.ts';

/** Work of steps that take a millisecond each, and how many were done at each pause. */
async function runWith(items: readonly number[], failsAt?: number) {
  let now = 0;
  const donePerTurn: number[] = [];
  const steps = mapInSteps(items, (item) => {
    if (item === failsAt) throw new Error('broken');
    now += 1;
    return item * 2;
  });
  const pause = async () => void donePerTurn.push(now);
  const result = runInSlices(steps, { monotonic: () => now }, pause);
  return { result: await result, donePerTurn };
}

const ITEMS = Array.from({ length: 10 }, (_, index) => index);

test('work is done in slices of some milliseconds, the first in a turn of its own', async () => {
  const { result, donePerTurn } = await runWith(ITEMS);
  assert.deepEqual(
    result,
    ITEMS.map((item) => item * 2),
  );
  assert.deepEqual(donePerTurn, [0, 4, 8]);
});

test('work that fails ends the run with its error', async () => {
  await assert.rejects(runWith(ITEMS, 7), /^Error: broken$/);
});
