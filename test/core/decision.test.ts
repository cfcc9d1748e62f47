import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny } from '../../src/core/decision.ts';

test('allow carries the value to go on with', () => {
  assert.deepEqual(allow(7), { effect: 'allow', value: 7 });
});

test('deny takes a sentence for the caller', () => {
  assert.deepEqual(deny('draining', 'come back'), {
    effect: 'deny',
    reason: 'draining',
    detail: 'come back',
  });
});

test('deny takes all that is to be told', () => {
  const details = { hints: ['a'], internal: 'b', allowedMethods: ['GET'], retryAfterSeconds: 3 };
  assert.deepEqual(deny('overloaded', details), {
    effect: 'deny',
    reason: 'overloaded',
    ...details,
  });
});

test('deny tells nothing but the reason when nothing is given', () => {
  assert.deepEqual(deny('draining'), { effect: 'deny', reason: 'draining' });
});
