import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRefusalPace } from '../../src/http/refusal-pace.ts';

test('of refusals that come at once a few are written in each turn of the event loop', async () => {
  const pace = createRefusalPace();
  const perTurn: number[] = [];
  let written = 0;
  const turn = (): void => {
    perTurn.push(written);
    written = 0;
    if (perTurn.reduce((sum, count) => sum + count, 0) < 40) setImmediate(turn);
  };
  const turns = Array.from({ length: 40 }, async (_, client) => {
    await pace.turn(`client ${client}`);
    written += 1;
  });
  setImmediate(turn);
  await Promise.all(turns);
  assert.ok(Math.max(...perTurn) <= 5, perTurn.join());
});
