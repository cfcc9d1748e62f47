import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT } from '../docs/markdown.ts';

test('the configuration of the comparison passes the check, without a warning', async () => {
  const loaded = await loadConfig(`${ROOT}nginx-compare/pushwarden.yaml`, { now: 0 });
  const problems = loaded.ok ? loaded.warnings : loaded.problems;
  assert.deepEqual(problems.map(renderProblem), []);
});
