import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import type { TeamSpec } from '../../../src/core/policy/policy-spec.ts';
import { resolveReadScope } from '../../../src/core/policy/read-scope.ts';
import { teamSpec } from '../../support/team-spec.ts';

function scopeOf(changes: Partial<TeamSpec>) {
  const spec = teamSpec({ allow: ['read'], ...changes });
  const team = compilePolicy([spec]).team(spec.name) ?? assert.fail();
  return resolveReadScope(team);
}

const PARTS: readonly Partial<TeamSpec>[] = [
  { jobs: ['a*'] },
  { jobs: ['**'] },
  { jobs: ['*', 'a'] },
  { jobs: [] },
  { jobs: ['*'], labels: { env: ['*'] } },
];
for (const part of PARTS) {
  test(`not everything is seen by a team with ${JSON.stringify(part)}`, () => {
    assert.equal(scopeOf(part).seesEverything, false);
  });
}

test('a team for exactly * sees everything', () => {
  const scope = scopeOf({ jobs: ['*'] });
  assert.equal(scope.seesEverything, true);
  assert.equal(scope.sees(new Map()), true);
});

const SEEN = [
  [{ job: 'payments_a' }, true],
  [{ job: 'payments' }, false],
  [{ job: 'other', exported_job: 'payments_a' }, false],
  [{ instance: 'payments_a' }, false],
  [{}, false],
  [{ job: 'payments_a', env: 'prod' }, true],
  [{ job: 'payments_a', env: 'dev' }, false],
  [{ job: 'payments_a', env: '' }, false],
] as const;
for (const [labels, want] of SEEN) {
  test(`${JSON.stringify(labels)} is ${want ? 'seen' : 'not seen'}`, () => {
    const scope = scopeOf({ jobs: ['payments_*'], labels: { env: ['prod'] } });
    assert.equal(scope.sees(new Map(Object.entries(labels))), want);
  });
}
