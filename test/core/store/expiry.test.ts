import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpiry } from '../../../src/core/store/expiry.ts';

const NOW = 1_000_000;

const group = (job: string, pushedAt: number | undefined, failedAt?: number) => {
  return { key: { job, labels: [] }, pushedAt, failedAt };
};

const CASES = [
  ['an old group', group('a', NOW - 101), true],
  ['one that is just as old as it may be', group('a', NOW - 100), false],
  ['a young group', group('a', NOW - 50), false],
  ['an old group whose last failed push is young', group('a', NOW - 500, NOW - 50), false],
  ['a group with nothing but an old failed push', group('a', undefined, NOW - 101), true],
  ['a group without any time', group('a', undefined), false],
  ['a group from the future', group('a', NOW + 1), false],
  ['a job with an entry of its own', group('ci_x', NOW - 50), true],
] as const;

const expiry = compileExpiry([{ jobs: ['ci_*'], ttlMs: 10 }, { ttlMs: 100 }]);

for (const [what, stored, isDue] of CASES) {
  test(`${what} is ${isDue ? '' : 'not '}due`, () => {
    assert.equal(expiry.isDue(stored, NOW), isDue);
  });
}

test('without an entry for a job nothing of it is ever due', () => {
  const some = compileExpiry([{ jobs: ['ci_*'], ttlMs: 10 }]);
  assert.equal(some.isDue(group('a', 0), NOW), false);
  assert.equal(some.dueAt(group('ci_a', 5)), 15);
});

test('a group far in the future is not due, however long ago the sum wraps', () => {
  assert.equal(compileExpiry([{ ttlMs: -1e12 }]).isDue(group('a', NOW + 5), NOW), false);
});
