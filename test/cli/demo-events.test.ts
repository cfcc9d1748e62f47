import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDemoEvent } from '../../src/cli/demo-events.ts';
import type { PastDecision, PastOutcome } from '../../src/core/audit/history/past-record.ts';

const DECISION: PastDecision & ChainMembers = {
  seq: 1,
  prev: '',
  hash: '',
  time: '2026-01-01T00:00:00.000Z',
  event: 'decision',
  request_id: '1',
  peer_ip: '127.0.0.1',
  team: 'demo',
  method: 'POST',
  target: '/metrics/job/a',
  series: 2,
  decision: 'allow',
  reason: 'ok',
};

interface ChainMembers {
  readonly prev: string;
  readonly hash: string;
}

const OUTCOME: PastOutcome = {
  seq: 2,
  time: DECISION.time,
  event: 'outcome',
  request_id: '1',
  status: 200,
  duration_ms: 1,
};

function told(decision: Partial<PastDecision>, outcome: Partial<PastOutcome>): readonly string[] {
  const record = { ...DECISION, ...decision };
  return renderDemoEvent({ record, outcome: { ...OUTCOME, ...outcome } }).map((line) =>
    line.replace(/^ {2}\d\d:\d\d:\d\d {2}/, ''),
  );
}

const cases = [
  ['a push', {}, {}, 'demo      POST /metrics/job/a: stored, 2 series'],
  ['a deletion', { method: 'DELETE' }, { status: 202 }, 'demo      DELETE /metrics/job/a: deleted'],
  [
    'a push whose upstream is away',
    {},
    { status: 502, reason: 'upstream_unreachable' },
    'demo      POST /metrics/job/a: failed, 502, upstream_unreachable',
  ],
  [
    'a push that nobody knows the end of',
    {},
    { status: 'unknown' },
    'demo      POST /metrics/job/a: failed, unknown',
  ],
  [
    'a refusal of a read',
    { method: 'GET', decision: 'deny', reason: 'job_not_allowed' },
    {},
    'demo      GET /metrics/job/a: refused, job_not_allowed',
  ],
  [
    'a refusal with a text from outside',
    { decision: 'deny', reason: 'body_invalid', detail: 'a\u001b[2Jb' },
    {},
    'demo      POST /metrics/job/a: refused, body_invalid: a\\u{1b}[2Jb',
  ],
] as const;
for (const [what, decision, outcome, line] of cases) {
  test(`the demo tells of ${what}`, () => {
    assert.deepEqual(told(decision, outcome), [line]);
  });
}

test('the demo tells nothing of a read that was allowed', () => {
  assert.deepEqual(told({ method: 'GET' }, {}), []);
});
