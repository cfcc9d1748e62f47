import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestScope } from '../../src/pipeline/request-scope.ts';

test('what a request holds is given back in reverse order, once', () => {
  const told: string[] = [];
  const scope = new RequestScope();
  const lease = scope.use({ [Symbol.dispose]: () => void told.push('first') });
  scope.use({ [Symbol.dispose]: () => void told.push('second') });
  assert.deepEqual(told, []);
  scope[Symbol.dispose]();
  scope[Symbol.dispose]();
  assert.deepEqual(told, ['second', 'first']);
  assert.ok(lease);
});

test('what cannot be given back keeps nothing else', () => {
  const told: string[] = [];
  const scope = new RequestScope();
  scope.use({ [Symbol.dispose]: () => void told.push('first') });
  scope.use({
    [Symbol.dispose]() {
      throw new Error('broken');
    },
  });
  scope.use({ [Symbol.dispose]: () => void told.push('last') });
  assert.throws(() => scope[Symbol.dispose](), { message: 'broken' });
  assert.deepEqual(told, ['last', 'first']);
});
