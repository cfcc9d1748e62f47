import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEmptyPush } from '../../../src/core/policy/empty-push.ts';
import type { Action } from '../../../src/core/policy/policy-spec.ts';
import { denied } from '../../support/decision.ts';

const CASES = [
  ['POST', 'deny', ['push', 'delete'], 'body_invalid'],
  ['PUT', 'deny', ['push', 'delete'], 'body_invalid'],
  ['POST', 'allow', ['push'], 'ok'],
  ['PUT', 'allow', ['push'], 'permission_missing'],
  ['PUT', 'allow', ['push', 'delete'], 'ok'],
] as const;
for (const [method, emptyPushes, actions, expected] of CASES) {
  test(`an empty ${method} of a team with ${emptyPushes} and ${actions} is ${expected}`, () => {
    const decision = checkEmptyPush(method, { emptyPushes, actions: new Set<Action>(actions) });
    assert.equal(decision.effect === 'allow' ? 'ok' : decision.reason, expected);
  });
}

test('checkEmptyPush asks for the likely cause before it says how to delete', () => {
  const [hint = ''] =
    denied(checkEmptyPush('PUT', { actions: new Set(), emptyPushes: 'deny' })).hints ?? [];
  assert.match(hint, /^did the command fail .*DELETE$/);
});
