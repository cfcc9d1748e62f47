import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FamilyType } from '../../src/core/exposition/push-content.ts';
import { checkContent } from '../../src/core/policy/content-rules.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { finish } from '../../src/core/steps.ts';
import { familyContent } from '../support/group-push.ts';
import { teamSpec } from '../support/team-spec.ts';

/**
 * The attack: a team owns `settlement_seconds`, which is a histogram. Another pushes a gauge with a
 * name that nobody owns, `settlement_seconds_count`. From then on Pushgateway refuses the histogram
 * of the owner, which would have that name too.
 */
const POLICY = compilePolicy([
  teamSpec({ name: 'owner', metrics: { deny: [], own: ['settlement_seconds', 'ledger_*_ms'] } }),
  teamSpec({ name: 'other' }),
]);

function push(team: string, name: string, type: FamilyType = 'gauge') {
  const rules = POLICY.team(team) ?? assert.fail();
  const families = [familyContent(name, type)];
  const content = { families, series: 1, labelValues: new Map(), labelNames: [] };
  return finish(checkContent(content, rules));
}

for (const name of [
  'settlement_seconds_count',
  'settlement_seconds_sum',
  'settlement_seconds_bucket',
  'ledger_close_ms_count',
]) {
  test(`another team cannot push ${name}, which a histogram of its owner would need`, () => {
    const decision = push('other', name);
    assert.equal(decision.effect === 'deny' && decision.reason, 'metric_not_allowed');
    assert.equal(push('owner', name).effect, 'allow');
  });
}

for (const name of [
  'settlement_seconds_total',
  'settlement_counts',
  'settlement_count',
  '_count',
]) {
  test(`another team can push ${name}, which is in nobody's way`, () => {
    assert.equal(push('other', name).effect, 'allow');
  });
}
