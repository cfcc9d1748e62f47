import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExposition } from '../../src/core/exposition/parse-exposition.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { TeamSpec } from '../../src/core/policy/policy-spec.ts';
import { inspectBody } from '../../src/pipeline/inspect-body.ts';
import { allowed, denied } from '../support/decision.ts';
import { teamSpec, WIDE_LIMITS } from '../support/team-spec.ts';

function inspect(text: string, changes: Partial<TeamSpec> = {}) {
  const team = compilePolicy([teamSpec(changes)]).team('payments') ?? assert.fail();
  const key = { job: 'batch', labels: [] };
  const push = { method: 'PUT', key, mediaType: 'text', body: Buffer.from(text) } as const;
  return inspectBody(push, team, {
    parse: async (_, body, mediaType, scope) => parseExposition(mediaType, body, scope),
    pause: async () => {},
  });
}

test('inspectBody tells what a push holds', async () => {
  const content = allowed(await inspect('# TYPE a counter\na{x="1"} 1\na{x="2"} 2\nb 3\n'));
  assert.equal(content.series, 3);
  assert.deepEqual(
    content.families.map(({ name, type }) => [name, type]),
    [
      ['a', 'counter'],
      ['b', 'untyped'],
    ],
  );
});

const REFUSED: readonly (readonly [
  what: string,
  text: string,
  Partial<TeamSpec>,
  reason: string,
])[] = [
  ['what it does not understand', 'a one\n', {}, 'body_invalid'],
  ['a push of nothing', '', {}, 'body_invalid'],
  ['a push without a series', '# HELP a b\n', {}, 'body_invalid'],
  [
    'an empty PUT where the team may not delete',
    '',
    { emptyPushes: 'allow' },
    'permission_missing',
  ],
  ['a denied metric', 'up 1\n', { metrics: { deny: ['up'], own: [] } }, 'metric_not_allowed'],
  ['what Pushgateway makes itself', 'push_time_seconds 1\n', {}, 'metric_not_allowed'],
  [
    'more series than the team may push',
    'a 1\nb 1\n',
    { limits: { ...WIDE_LIMITS, series: 1 } },
    'too_many_series',
  ],
  [
    'a label value that the team may not use',
    'a{env="dev"} 1\n',
    { labels: { env: ['prod'] } },
    'label_not_allowed',
  ],
];
for (const [what, text, changes, reason] of REFUSED) {
  test(`inspectBody refuses ${what}`, async () => {
    assert.equal(denied(await inspect(text, changes)).reason, reason);
  });
}
