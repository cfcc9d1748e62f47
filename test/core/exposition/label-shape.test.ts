import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveShape } from '../../../src/core/exposition/label-shape.ts';

const KEY = { job: 'nightly', labels: [{ name: 'instance', value: 'a' }] };
const LIMITS = { series: 10, labels: 4, name: 100, labelValue: 100 };
const SCOPE = { key: KEY, limits: LIMITS, watchedLabels: new Set<string>() };

test('what label names mean is worked out once for a key, its limits and its watched labels', () => {
  const shape = resolveShape(['zone', 'cpu'], SCOPE);
  assert.ok(!('problem' in shape));
  assert.equal(resolveShape(['zone', 'cpu'], SCOPE), shape);
  assert.notEqual(resolveShape(['cpu', 'zone'], SCOPE), shape);
  const watching = resolveShape(['zone', 'cpu'], { ...SCOPE, watchedLabels: new Set(['cpu']) });
  assert.deepEqual('watched' in watching && watching.watched, [1]);
  const other = resolveShape(['zone', 'cpu'], { ...SCOPE, key: { ...KEY, job: 'hourly' } });
  assert.notDeepEqual(other, shape);
  const limited = resolveShape(['zone', 'cpu'], { ...SCOPE, limits: { ...LIMITS, labels: 3 } });
  assert.ok('problem' in limited);
});
