import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../../../src/core/reason.ts';
import { judgeOutcome, type UpstreamFailure } from '../../../src/core/store/upstream-outcome.ts';
import { allowed, denied } from '../../support/decision.ts';

const METHODS = ['POST', 'PUT', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

function answered(status: number) {
  return { kind: 'answered', status, attempts: 1, text: 'customer="acme" value 7' } as const;
}

const SUCCESSES: readonly (readonly [method: Method, status: number])[] = [
  ['POST', 200],
  ['POST', 202],
  ['PUT', 200],
  ['PUT', 202],
  ['DELETE', 202],
];
for (const [method, status] of SUCCESSES) {
  test(`judgeOutcome passes on ${status} to ${method}`, () => {
    const { decision, ...rest } = judgeOutcome(method, answered(status));
    assert.equal(allowed(decision), status);
    assert.deepEqual(rest, { end: 'stored', status, errorKind: undefined });
  });
}

const STATUSES = [
  100, 101, 200, 201, 202, 204, 206, 301, 302, 307, 308, 400, 401, 404, 413, 500, 999,
];
for (const method of METHODS) {
  for (const status of STATUSES) {
    if (SUCCESSES.some(([known, success]) => known === method && success === status)) continue;
    const reason = status === 400 ? 'upstream_rejected' : 'upstream_invalid';
    test(`judgeOutcome makes ${reason} of ${status} to ${method}`, () => {
      const { decision, ...rest } = judgeOutcome(method, answered(status));
      assert.equal(denied(decision).reason, reason);
      const end = status === 400 ? 'rejected' : 'unknown';
      const answer = status === 400 ? 400 : 502;
      assert.deepEqual(rest, { end, status: answer, errorKind: reason });
    });
  }
}

test('judgeOutcome tells the text of the upstream to the operator alone', () => {
  const { detail, hints, internal } = denied(judgeOutcome('PUT', answered(400)).decision);
  assert.deepEqual([detail, hints], [undefined, undefined]);
  assert.equal(internal, 'the upstream answered 400: customer="acme" value 7');
});

const FAILURES = [
  'upstream_unreachable',
  'upstream_invalid',
  'upstream_timeout',
  'overloaded',
] as const;
for (const reason of FAILURES) {
  for (const mayBeApplied of [true, false]) {
    test(`judgeOutcome denies ${reason}, applied ${mayBeApplied ? 'perhaps' : 'never'}`, () => {
      const detail = 'ECONNREFUSED 10.9.9.9:9091';
      const failure: UpstreamFailure = {
        kind: 'failed',
        reason,
        mayBeApplied,
        attempts: 1,
        detail,
      };
      const { decision, ...rest } = judgeOutcome('PUT', failure);
      const refusal = denied(decision);
      const end = mayBeApplied ? 'unknown' : 'refused';
      const status = mayBeApplied ? 'unknown' : REASONS[reason].status;
      assert.deepEqual(rest, { end, status, errorKind: reason });
      assert.equal(refusal.reason, reason);
      assert.equal(refusal.internal, detail);
      const nothingSent = reason === 'upstream_timeout' && !mayBeApplied;
      const told = nothingSent ? 'Pushgateway is busy; nothing was sent to it' : undefined;
      assert.equal(refusal.detail, told);
    });
  }
}
