import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow } from '../../../src/core/decision.ts';
import { POLICY_CHECKS } from '../../../src/core/policy/policy.ts';
import { beginChecks, CHECKS, type CheckName } from '../../../src/core/request/checks.ts';

test('a check that is made after one that comes later in the table is a bug', () => {
  const seen: CheckName[] = [];
  const at = beginChecks((name) => seen.push(name));
  const decision = allow(1);
  assert.equal(at('framing', decision), decision);
  at('credential', decision);
  assert.throws(() => at('draining', decision), TypeError);
  assert.throws(() => at('credential', decision), TypeError);
  assert.deepEqual(seen, ['framing', 'credential']);
});

test('the table has every check once, and those of the policy in its order', () => {
  const names = CHECKS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const policy = POLICY_CHECKS.map(({ name }) => name);
  const first = names.indexOf('permission');
  assert.deepEqual(names.slice(first, first + policy.length), policy);
});
