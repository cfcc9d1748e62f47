import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tormentGateways } from '../support/gateways-laboratory.ts';
import { missingPrograms } from '../support/program.ts';

test('row 62: after kill -9 of gateways, Redis and Pushgateway under load, nothing acknowledged is lost and nothing is stuck', {
  skip: missingPrograms(['redis-7', 'pushgateway-1.5']),
}, async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
  const stand = { version: '1.5', server: 'Redis 7' } as const;
  const torment = { ...stand, rounds: 3, seed, longestHangMs: 1500 };
  const { counts, longestMs, faults } = await tormentGateways(torment);
  const { acknowledged, unknown } = counts;
  t.diagnostic(`seed ${seed}: ${acknowledged} acknowledged, ${unknown} unknown`);
  t.diagnostic(`pushes were taken again within ${longestMs.toFixed(0)} ms`);
  assert.ok(acknowledged > 100);
  assert.deepEqual(faults, []);
});
