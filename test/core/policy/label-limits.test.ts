import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveLimits } from '../../../src/config/sections/limits.ts';
import { checkLabelLimits } from '../../../src/core/policy/label-limits.ts';

const limits = { ...resolveLimits(), labels: 3, name: 5, labelValue: 6 };

const CASES: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] =
  [
    ['as many labels as may be', { a: '1', b: '2' }, undefined],
    [
      'one label more',
      { a: '1', b: '2', c: '3' },
      'the grouping key has 4 labels, over the limit of 3',
    ],
    ['a name and a value of full length', { names: '123456' }, undefined],
    ['a name that is longer', { longer: '1' }, 'the label name "longer" has over 5 characters'],
    ['a value that is longer', { a: '1234567' }, 'the value of a has over 6 bytes'],
    ['a value of two characters and six bytes', { a: '漢字' }, undefined],
    [
      'a value of as many characters and more bytes',
      { a: 'grüßen' },
      'the value of a has over 6 bytes',
    ],
  ];

for (const [what, labels, detail] of CASES) {
  test(`checkLabelLimits ${detail === undefined ? 'allows' : 'refuses'} ${what}`, () => {
    const pairs = Object.entries(labels).map(([name, value]) => ({ name, value }));
    const decision = checkLabelLimits(
      { limits },
      { action: 'push', key: { job: 'x', labels: pairs } },
    );
    if (detail === undefined) assert.equal(decision.effect, 'allow');
    else {
      assert.ok(decision.effect === 'deny');
      assert.deepEqual([decision.reason, decision.detail], ['target_invalid', detail]);
    }
  });
}

test('checkLabelLimits counts the job, its name and its value too', () => {
  const ask = (rest: Partial<typeof limits>, job: string) => {
    const decision = checkLabelLimits(
      { limits: { ...limits, ...rest } },
      { action: 'push', key: { job, labels: [] } },
    );
    return decision.effect === 'deny' ? decision.detail : decision.value;
  };
  assert.equal(ask({}, '123456'), '1 of at most 3 labels');
  assert.equal(ask({}, '1234567'), 'the value of job has over 6 bytes');
  assert.equal(ask({ name: 2 }, '1'), 'the label name "job" has over 2 characters');
});

test('checkLabelLimits limits pushes alone', () => {
  const key = { job: 'much too long', labels: [] };
  assert.equal(checkLabelLimits({ limits }, { action: 'delete', key }).effect, 'allow');
});
