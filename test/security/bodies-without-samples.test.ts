import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseText } from '../support/content-scope.ts';
import { allowed, denied } from '../support/decision.ts';

/**
 * The attack: what is limited are series, so send what is none. A megabyte of TYPE lines, or eight
 * compressed, declares hundreds of thousands of families without a sample, each with four names in a
 * table; and one sample can have a million labels, which were sorted before they were counted. Both
 * held every request of every team up for seconds.
 */
const LIMITS = { limits: { series: 100, labels: 5, name: 256, labelValue: 10 } };

function declare(count: number, render: (name: string) => string): string {
  return Array.from({ length: count }, (_, index) => `${render(`m${index}`)}\n`).join('');
}

for (const [what, render] of [
  ['HELP', (name: string) => `# HELP ${name} text`],
  ['TYPE', (name: string) => `# TYPE ${name} histogram`],
] as const) {
  test(`more ${what} lines than a push may have series are too many, without a sample`, () => {
    allowed(parseText(declare(100, render), LIMITS));
    const refusal = denied(parseText(declare(200, render), LIMITS));
    assert.equal(refusal.reason, 'too_many_series');
  });
}

test('labels are counted as they come, not when all were read', () => {
  const labels = (count: number) => Array.from({ length: count }, (_, at) => `l${at}=""`).join();
  const rest = 'and no closing brace';
  const refusal = denied(parseText(`a{${labels(10)} ${rest}\n`, LIMITS));
  assert.equal(refusal.detail, 'line 1: a series has over 5 labels');
});

test('labels that the grouping key overwrites do not count against the limit', () => {
  const key = { job: 'batch', labels: [{ name: 'x', value: '1' }] };
  const scope = { ...LIMITS, key };
  allowed(parseText('a{job="b",x="2",b="",c="",d=""} 1\n', scope));
  const refusal = denied(parseText('a{job="b",x="2",b="",c="",d="",e=""} 1\n', scope));
  assert.match(refusal.detail ?? '', /has 6 labels, over the limit of 5$/);
});
