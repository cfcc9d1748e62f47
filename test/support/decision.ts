import assert from 'node:assert/strict';
import type { Decision, Deny } from '../../src/core/decision.ts';

/** The value of a decision that allows; fails the test for a refusal. */
export function allowed<T>(decision: Decision<T>): T {
  if (decision.effect === 'allow') return decision.value;
  assert.fail(`denied for ${decision.reason}: ${decision.detail ?? decision.internal ?? ''}`);
}

/** The refusal of a decision that denies; fails the test for anything else. */
export function denied(decision: Decision<unknown>): Deny {
  if (decision.effect === 'deny') return decision;
  assert.fail(`allowed: ${JSON.stringify(decision.value)}`);
}
