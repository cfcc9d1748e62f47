import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andFinally, andThen } from '../../src/core/maybe-promise.ts';

const fail = (): never => {
  throw new Error('broken');
};

test('what is known goes on at once, and what is waited for later', async () => {
  assert.equal(
    andThen(1, (value) => value + 1),
    2,
  );
  const later = andThen(Promise.resolve(1), (value) => value + 1);
  assert.ok(later instanceof Promise);
  assert.equal(await later, 2);
});

test('the end of a work is told once, and after it', async () => {
  const told: string[] = [];
  const atEnd = (): void => void told.push('end');
  assert.equal(
    andFinally(() => told.push('known'), atEnd),
    1,
  );
  await andFinally(async () => {
    await new Promise(setImmediate);
    told.push('later');
  }, atEnd);
  assert.deepEqual(told, ['known', 'end', 'later', 'end']);
});

test('the end of a work that fails is told too', async () => {
  let ends = 0;
  const atEnd = (): void => {
    ends += 1;
  };
  assert.throws(() => andFinally(fail, atEnd), { message: 'broken' });
  assert.equal(ends, 1);
  const later = andFinally(() => Promise.reject(new Error('later')), atEnd);
  assert.ok(later instanceof Promise);
  await assert.rejects(later, { message: 'later' });
  assert.equal(ends, 2);
});
