import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PUSHGATEWAYS, pushgatewayMissing } from '../support/pushgateway.ts';
import { tormentSpool } from '../support/spool-laboratory.ts';

const ROUNDS = 3;

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);

  test(`row 58: Pushgateway ${version}: after kill -9 of it and of the gateway under load, the store is what was acknowledged last`, {
    skip,
  }, async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
    const { operations, unexplained } = await tormentSpool({ version, rounds: ROUNDS, seed });
    const count = (wanted: string): number => operations.filter(({ end }) => end === wanted).length;
    const [acknowledged, unknown] = ['acknowledged', 'unknown'].map(count);
    t.diagnostic(`seed ${seed}: ${acknowledged} acknowledged, ${unknown} unknown`);
    assert.ok((acknowledged ?? 0) > 20);
    assert.deepEqual(unexplained, []);
  });
}
