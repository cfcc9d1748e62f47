import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveShape } from '../../../src/core/exposition/label-shape.ts';
import { heapGrowth } from '../../support/heap-growth.ts';

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

const keyOf = (instance: string) => ({ ...KEY, labels: [{ name: 'instance', value: instance }] });

test('what is remembered is bounded over all keys, and long lists of names are not', () => {
  const shape = resolveShape(['zone'], SCOPE);
  const keys = Array.from({ length: 2048 }, (_, index) => keyOf(String(index)));
  for (const key of keys) resolveShape(['zone'], { ...SCOPE, key });
  assert.notEqual(resolveShape(['zone'], SCOPE), shape);
  const long = ['l'.repeat(513)];
  assert.notEqual(resolveShape(long, SCOPE), resolveShape(long, SCOPE));
});

test('names that are remembered do not keep the body alive that they were cut from', () => {
  const keys = Array.from({ length: 50 }, (_, index) => keyOf(String(index)));
  const bytes = heapGrowth(() => {
    for (const key of keys) {
      const body = Buffer.alloc(1_000_000, 'some_metric{environment="x"} 1\n').toString('latin1');
      resolveShape([body.slice(0, 20)], { ...SCOPE, key });
    }
  });
  assert.ok(bytes < 10_000_000, `${bytes} bytes are kept for ${keys.length} keys`);
});
