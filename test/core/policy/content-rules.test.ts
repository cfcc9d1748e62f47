import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FamilyContent, PushContent } from '../../../src/core/exposition/push-content.ts';
import { compileGlobs } from '../../../src/core/matcher.ts';
import {
  type ContentRules,
  checkContent,
  compileFamilyRules,
} from '../../../src/core/policy/content-rules.ts';
import { compileOwnedNames } from '../../../src/core/policy/owned-names.ts';
import type { MetricRules, TeamSpec } from '../../../src/core/policy/policy-spec.ts';
import { finish } from '../../../src/core/steps.ts';
import { familyContent } from '../../support/group-push.ts';
import { heapGrowth } from '../../support/heap-growth.ts';

const NO_RULES: MetricRules = { deny: [], own: [] };

function compile(metrics: MetricRules, others: readonly MetricRules[] = []): ContentRules {
  const [team, ...rest] = [metrics, ...others].map(
    (rules, index): TeamSpec => ({
      name: `team-${index}`,
      jobs: ['*'],
      allow: ['push'],
      labels: {},
      requireLabels: [],
      metrics: rules,
      emptyPushes: 'deny',
      groupTtl: [],
      mode: 'enforce',
      limits: {
        body: 1,
        decoded: 1,
        ratio: 1,
        series: 1,
        labels: 1,
        name: 1,
        labelValue: 1,
        rate: { count: 1, perMs: 1 },
        burst: 1,
        waitMs: 0,
        concurrent: 1,
        groups: 1,
        totalSeries: 1,
        totalBytes: 1,
      },
      credentials: [],
    }),
  );
  assert.ok(team);
  const owners = [team, ...rest].map(({ name, metrics: { own } }) => ({ team: name, globs: own }));
  return {
    families: compileFamilyRules(team, finish(compileOwnedNames(owners))),
    labels: new Map(),
  };
}

function content(...families: readonly FamilyContent[]): PushContent {
  return { families, series: families.length, labelValues: new Map(), labelNames: [] };
}

const gauge = (name: string) => familyContent(name, 'gauge');
const summary = (name: string) => familyContent(name, 'summary');
const histogram = (name: string) => familyContent(name, 'histogram');

const DENY: MetricRules = { deny: ['up', 'scrape_*', 'x_count', 'y_bucket'], own: [] };
const ALLOW: MetricRules = { allow: ['pay_*', 'job_duration'], deny: ['pay_secret_*'], own: [] };
const FOREIGN: MetricRules = { deny: [], own: ['orders_*', 'stock_sum'] };

const CASES: readonly (readonly [string, FamilyContent, ContentRules, 'allow' | RegExp])[] = [
  ['any name without rules', gauge('anything'), compile(NO_RULES), 'allow'],
  ['push_time_seconds', gauge('push_time_seconds'), compile(NO_RULES), /made by Pushgateway/],
  [
    'the failure time',
    gauge('push_failure_time_seconds'),
    compile(NO_RULES),
    /made by Pushgateway/,
  ],
  [
    'what Pushgateway is',
    gauge('pushgateway_build_info'),
    compile(NO_RULES),
    /made by Pushgateway/,
  ],
  ['its requests', gauge('pushgateway_http_x'), compile(NO_RULES), /made by Pushgateway/],
  ['a name of somebody else', gauge('pushgateway_backup_age'), compile(NO_RULES), 'allow'],
  [
    'a reserved name that is allowed',
    gauge('pushgateway_http_requests_total'),
    compile({ ...NO_RULES, allow: ['*'] }),
    /Pushgateway/,
  ],
  ['a name like a reserved one', gauge('push_time_seconds_x'), compile(NO_RULES), 'allow'],
  ['a denied name', gauge('up'), compile(DENY), /"up" is denied/],
  ['a denied glob', gauge('scrape_samples'), compile(DENY), /denied/],
  ['a name like a denied one', gauge('upper'), compile(DENY), 'allow'],
  ['a summary that becomes a denied name', summary('x'), compile(DENY), /"x_count" is denied/],
  ['a summary that has no buckets', summary('y'), compile(DENY), 'allow'],
  ['a histogram that becomes a denied name', histogram('y'), compile(DENY), /"y_bucket" is denied/],
  ['an allowed name', gauge('pay_total'), compile(ALLOW), 'allow'],
  ['a histogram by the name of its family', histogram('job_duration'), compile(ALLOW), 'allow'],
  ['a name that is not allowed', gauge('job_durations'), compile(ALLOW), /not among the metrics/],
  ['a name both allowed and denied', gauge('pay_secret_x'), compile(ALLOW), /denied/],
  ['a name of another team', gauge('orders_total'), compile(NO_RULES, [FOREIGN]), /another team/],
  ['a summary that becomes one', summary('stock'), compile(NO_RULES, [FOREIGN]), /another team/],
  ['a name of the own team', gauge('orders_total'), compile(FOREIGN, [NO_RULES]), 'allow'],
];

for (const [name, family, rules, want] of CASES) {
  test(`checkContent ${want === 'allow' ? 'allows' : 'refuses'} ${name}`, () => {
    const decision = finish(checkContent(content(gauge('pay_first'), family), rules));
    if (want === 'allow') {
      assert.equal(decision.effect, 'allow');
    } else {
      assert.ok(decision.effect === 'deny');
      assert.equal(decision.reason, 'metric_not_allowed');
      assert.match(decision.detail ?? '', want);
    }
  });
}

test('checkContent holds the values of bound labels to their globs', () => {
  const rules: ContentRules = {
    ...compile(NO_RULES),
    labels: new Map([['env', { matcher: compileGlobs(['prod', 'staging-*']) }]]),
  };
  const withValues = (...values: readonly string[]): PushContent => ({
    ...content(gauge('a')),
    labelValues: new Map([['env', new Set(values)]]),
  });
  assert.equal(finish(checkContent(withValues(), rules)).effect, 'allow');
  assert.equal(finish(checkContent(withValues('prod', 'staging-1'), rules)).effect, 'allow');
  const decision = finish(checkContent(withValues('prod', 'te\nst'), rules));
  assert.ok(decision.effect === 'deny');
  assert.equal(decision.reason, 'label_not_allowed');
  assert.equal(decision.detail, 'label env of a pushed series may not be "te\\u{a}st"');
});

test('checkContent decides the same of a name however often it is pushed, and for each type', () => {
  const rules = compile(DENY);
  const effectOf = (family: FamilyContent) => finish(checkContent(content(family), rules)).effect;
  for (let time = 0; time < 3; time += 1) {
    assert.equal(effectOf(gauge('x')), 'allow');
    assert.equal(effectOf(summary('x')), 'deny');
    assert.equal(effectOf(gauge('up')), 'deny');
  }
  for (let at = 0; at < 1000; at += 1) assert.equal(effectOf(gauge(`name_${at}`)), 'allow');
  assert.deepEqual([gauge('x'), gauge('up')].map(effectOf), ['allow', 'deny']);
});

test('names that teams may push take little memory, however many teams there are', () => {
  const teams = Array.from({ length: 5000 }, () => compile(DENY));
  const push = (rules: ContentRules, team: number): void => {
    for (let at = 0; at < 64; at += 1)
      rules.families.explain(gauge(`metric_${at}_of_team_${team}`));
  };
  const growth = heapGrowth(() => teams.forEach(push));
  assert.ok(growth < 8 * 1024 * 1024, `${growth} bytes`);
});
