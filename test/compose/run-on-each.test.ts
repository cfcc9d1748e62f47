import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOnEach, sumUp } from '../../src/compose/run-on-each.ts';
import type { UpstreamSide } from '../../src/compose/upstream-side.ts';

const sidesOf = (...names: readonly string[]) => ({
  upstreamSides: () => names.map((name) => ({ name }) as UpstreamSide), // nothing else is looked at
});
const AWAY = 'Pushgateway is away';

test('one that is away ends it for none of the others, and is named', async () => {
  const asked: string[] = [];
  const ends = await runOnEach(sidesOf('a', 'b', 'c'), async ({ name }) => {
    asked.push(name);
    return { due: 2, endedEarly: name === 'b' ? AWAY : undefined };
  });
  assert.deepEqual(asked, ['a', 'b', 'c']);
  assert.deepEqual(sumUp(ends, ['due']), { due: 6, endedEarly: `b: ${AWAY}` });
});

test('a single one has no name', async () => {
  const ends = await runOnEach(sidesOf('default'), async () => ({ due: 0, endedEarly: AWAY }));
  assert.deepEqual(sumUp(ends, ['due']), { due: 0, endedEarly: AWAY });
});

test('what ended early on several is said of each', () => {
  const ends = ['x', 'y'].map((endedEarly) => ({ kept: 1, endedEarly }));
  assert.deepEqual(sumUp(ends, ['kept']), { kept: 2, endedEarly: 'x; y' });
});
