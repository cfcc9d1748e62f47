import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileOwnedNames } from '../../../src/core/policy/owned-names.ts';
import { finish } from '../../../src/core/steps.ts';

const team = (name: string, ...own: readonly string[]) => ({ team: name, globs: own });
const OWNED = finish(
  compileOwnedNames([team('a', 'pay_*', 'x_total'), team('b', '*_orders', 'pay'), team('c')]),
);

const CASES = [
  ['c', 'pay_total', true],
  ['a', 'pay_total', false],
  ['c', 'x_total', true],
  ['c', 'x_total_2', false],
  ['c', 'x', false],
  ['a', 'new_orders', true],
  ['b', 'new_orders', false],
  ['b', 'pay_orders', true],
  ['a', 'pay', true],
  ['c', 'anything', false],
  ['nobody', 'pay_', true],
] as const;
for (const [name, metric, isForeign] of CASES) {
  test(`${metric} is ${isForeign ? '' : 'not '}owned by a team other than ${name}`, () => {
    assert.equal(OWNED.foreignTo(name).matches(metric), isForeign);
  });
}
