import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { ROOT, readProjectFile } from '../docs/markdown.ts';
import { missingPrograms } from '../support/program.ts';
import { gatewayMetricsOf, NOT_YET } from './not-yet.ts';

const RULES = 'deploy/prometheus/rules.yml';
const CASES = 'deploy/prometheus/rules.test.yml';
const RUNBOOKS = 'docs/operate/runbooks.md';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Case {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

const { groups }: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } = parse(
  readProjectFile(RULES),
);
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const cases: readonly Case[] = parse(readProjectFile(CASES)).tests;

test('every metric of a rule is exposed, but for those that are listed here', async () => {
  const exposition = await createMetricsRegistry().render();
  const exposed = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const named = rules.flatMap(({ expr }) => gatewayMetricsOf(expr));
  const missing = [...new Set(named)].filter((name) => !exposed.has(name)).sort();
  assert.deepEqual(
    missing,
    NOT_YET.filter((name) => named.includes(name)),
  );
});

const skip = missingPrograms(['promtool-2']);
for (const args of [
  ['check', 'rules', RULES],
  ['test', 'rules', CASES],
] as const) {
  test(`promtool ${args.join(' ')} finds nothing wrong`, { skip }, () => {
    const options = { cwd: ROOT, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync('promtool', args, options);
    assert.equal(status, 0, stdout + stderr);
  });
}

for (const { alert = '', labels, annotations } of alerts) {
  test(`${alert} has a severity, a text for people, and a runbook`, () => {
    assert.ok(['critical', 'warning', 'info'].includes(labels?.['severity'] ?? ''));
    assert.ok(annotations?.['summary']);
    assert.ok(annotations?.['description']);
    assert.equal(annotations?.['runbook_url'], `${RUNBOOKS}#${alert.toLowerCase()}`);
  });

  test(`${alert} was seen to fire, and not to fire`, () => {
    const tests = cases
      .flatMap((one) => one.alert_rule_test)
      .filter(({ alertname }) => alertname === alert);
    assert.ok(tests.some(({ exp_alerts }) => exp_alerts.length > 0));
    assert.ok(
      alert === 'PushwardenRestarts' || tests.some(({ exp_alerts }) => exp_alerts.length === 0),
    );
  });
}

test(`${RUNBOOKS} has every alert, in order, and no other`, () => {
  const headings = [...readProjectFile(RUNBOOKS).matchAll(/^### (.+)$/gm)].map(([, name]) => name);
  assert.deepEqual(
    headings,
    alerts.map(({ alert }) => alert),
  );
});
