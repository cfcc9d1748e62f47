import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushEnd } from '../../src/core/store/group-store.ts';
import { createLeftBehind } from '../../src/store/left-behind.ts';

const ID = '/metrics/job/a';

const CASES: readonly (readonly [ends: readonly PushEnd[], existed: boolean, left: boolean])[] = [
  [['rejected'], false, true],
  [['rejected'], true, false],
  [['stored'], false, false],
  [['refused'], false, false],
  [['unknown'], false, false],
  [['rejected', 'rejected'], false, true],
  [['rejected', 'refused'], false, true],
  [['rejected', 'stored'], false, false],
  [['unknown', 'rejected'], false, false],
];
for (const [ends, existed, left] of CASES) {
  const verb = left ? 'leave' : 'do not leave';
  const where = existed ? 'a known group' : 'a new group';
  test(`pushes at once to ${where} that end ${ends.join(' and ')} ${verb} one behind`, () => {
    const leftBehind = createLeftBehind();
    for (const _ of ends) leftBehind.begin(ID, existed);
    for (const end of ends) {
      assert.equal(leftBehind.take(ID), false);
      leftBehind.end(ID, end);
    }
    assert.equal(leftBehind.take(ID), left);
    assert.equal(leftBehind.take(ID), false);
  });
}

test('a push that comes before the group is removed keeps it, if it is stored', () => {
  const leftBehind = createLeftBehind();
  leftBehind.begin(ID, false);
  leftBehind.end(ID, 'rejected');
  leftBehind.begin(ID, true);
  assert.equal(leftBehind.take(ID), false);
  leftBehind.end(ID, 'stored');
  assert.equal(leftBehind.take(ID), false);
});

test('a push that comes before the group is removed and is rejected as well leaves it behind', () => {
  const leftBehind = createLeftBehind();
  leftBehind.begin(ID, false);
  leftBehind.end(ID, 'rejected');
  leftBehind.begin(ID, true);
  leftBehind.end(ID, 'rejected');
  assert.equal(leftBehind.take(ID), true);
});
