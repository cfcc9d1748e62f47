import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DecisionEvent } from '../../../src/core/audit/audit-record.ts';
import { createRefusalFlood, type RefusalFlood } from '../../../src/core/audit/refusal-flood.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

function refusal(more: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    event: 'decision',
    request_id: '01JD',
    client_ip: '10.1.2.3',
    peer_ip: '10.9.9.9',
    method: 'POST',
    target: '/metrics/job/x',
    decision: 'deny',
    reason: 'credential_invalid',
    ...more,
  };
}

/** How many of `count` refusals get a record. */
function admit(flood: RefusalFlood, count: number, now: number, more?: Partial<DecisionEvent>) {
  let admitted = 0;
  for (let index = 0; index < count; index += 1) {
    if (flood.admits(refusal(more), now)) admitted += 1;
  }
  return admitted;
}

test('ten refusals a second of one address get records, the others are counted', () => {
  const flood = createRefusalFlood();
  assert.equal(admit(flood, 25, NOON), 10);
  assert.equal(admit(flood, 25, NOON + 1000), 10);
  assert.deepEqual(flood.collect(NOON + 2000), [
    {
      event: 'aggregate',
      reason: 'credential_invalid',
      client_ip: '10.1.2.3',
      count: 30,
      since: '2026-11-22T12:00:00.000Z',
      until: '2026-11-22T12:00:01.000Z',
    },
  ]);
  assert.deepEqual(flood.collect(NOON + 9000), []);
});

test('callers without a credential are told apart by address, and their reads are counted too', () => {
  const flood = createRefusalFlood();
  const nobody = { team: 'crowd', credential: 'anonymous', scheme: 'none' } as const;
  const read = { ...nobody, method: 'GET', decision: 'allow', reason: 'ok' } as const;
  for (const client_ip of ['10.0.0.1', '10.0.0.2']) {
    assert.equal(admit(flood, 12, NOON, { ...nobody, client_ip }), 10);
    assert.equal(admit(flood, 13, NOON, { ...read, client_ip }), 10);
  }
  const aggregates = flood.collect(Number.POSITIVE_INFINITY);
  assert.deepEqual(
    aggregates.map(({ reason, team, client_ip, count }) => [reason, team, client_ip, count]),
    [
      ['credential_invalid', 'crowd', '10.0.0.1', 2],
      ['ok', 'crowd', '10.0.0.1', 3],
      ['credential_invalid', 'crowd', '10.0.0.2', 2],
      ['ok', 'crowd', '10.0.0.2', 3],
    ],
  );
  assert.ok(aggregates.every(({ scheme }) => scheme === 'none'));
});

test('refusals of one credential are counted together, wherever they come from', () => {
  const flood = createRefusalFlood();
  const principal = { team: 'payments', credential: 'ci', reason: 'job_not_allowed' } as const;
  assert.equal(admit(flood, 8, NOON, { ...principal, client_ip: '10.0.0.1' }), 8);
  assert.equal(admit(flood, 8, NOON, { ...principal, client_ip: '10.0.0.2' }), 2);
  const [aggregate] = flood.collect(Number.POSITIVE_INFINITY);
  assert.equal(aggregate?.team, 'payments');
  assert.equal(aggregate?.credential, 'ci');
  assert.equal(aggregate?.client_ip, undefined);
  assert.equal(aggregate?.count, 6);
});

test('another reason or another address is another flood', () => {
  const flood = createRefusalFlood();
  assert.equal(admit(flood, 10, NOON), 10);
  assert.equal(admit(flood, 10, NOON, { reason: 'credential_expired' }), 10);
  assert.equal(admit(flood, 10, NOON, { client_ip: '10.1.2.4' }), 10);
});

test('the address of the peer stands in where the client has none', () => {
  const flood = createRefusalFlood();
  const { client_ip: _, ...unlocated } = refusal();
  for (let index = 0; index < 11; index += 1) flood.admits(unlocated, NOON);
  assert.equal(flood.collect(Number.POSITIVE_INFINITY)[0]?.client_ip, '10.9.9.9');
});

test('a flood that goes on is reported after ten seconds, a young one is not', () => {
  const flood = createRefusalFlood();
  for (let second = 0; second < 10; second += 1) {
    admit(flood, 11, NOON + second * 1000);
    assert.deepEqual(flood.collect(NOON + second * 1000), []);
  }
  admit(flood, 11, NOON + 10_000);
  assert.equal(flood.collect(NOON + 10_000)[0]?.count, 11);
});

test('a clock that is set back does not stop records', () => {
  const flood = createRefusalFlood();
  assert.equal(admit(flood, 11, NOON), 10);
  assert.equal(admit(flood, 11, NOON - 3_600_000), 10);
});

test('refusals from countless addresses get a bounded number of records and aggregates', () => {
  const flood = createRefusalFlood();
  let admitted = 0;
  for (let index = 0; index < 50_000; index += 1) {
    admitted += admit(flood, 1, NOON, { client_ip: `2001:db8::${index.toString(16)}` });
  }
  const aggregates = flood.collect(Number.POSITIVE_INFINITY);
  assert.ok(admitted <= 1010, `${admitted} records`);
  assert.ok(aggregates.length <= 1001, `${aggregates.length} aggregates`);
  assert.equal(admitted + aggregates.reduce((sum, { count }) => sum + count, 0), 50_000);
});

test('a thousand refusals a second get records over all addresses', () => {
  const flood = createRefusalFlood();
  let admitted = 0;
  for (let index = 0; index < 300; index += 1) {
    admitted += admit(flood, 9, NOON, { client_ip: `10.0.${index >> 8}.${index & 255}` });
  }
  assert.equal(admitted, 1000);
  assert.equal(sum(flood, Number.POSITIVE_INFINITY), 1700);
  assert.equal(admit(flood, 9, NOON + 1000), 9);
});

test('floods that have ended make room for others', () => {
  const flood = createRefusalFlood();
  for (let index = 0; index < 2000; index += 1) {
    admit(flood, 1, NOON, { client_ip: `10.0.${index >> 8}.${index & 255}` });
  }
  flood.collect(NOON + 5000);
  admit(flood, 11, NOON + 5000, { client_ip: '10.9.9.9' });
  assert.deepEqual(
    flood.collect(Number.POSITIVE_INFINITY).map(({ client_ip: address }) => address),
    ['10.9.9.9'],
  );
});

test('what is admitted and what is counted is always everything', () => {
  const step = fc.record({
    address: fc.nat(5),
    reason: fc.constantFrom('credential_invalid', 'target_invalid', 'rate_limited'),
    passed: fc.nat(700),
    collects: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const flood = createRefusalFlood();
      let now = NOON;
      let seen = 0;
      for (const { address, reason, passed, collects } of steps) {
        now += passed;
        if (flood.admits(refusal({ client_ip: `10.0.0.${address}`, reason }), now)) seen += 1;
        if (collects) seen += sum(flood, now);
      }
      assert.equal(seen + sum(flood, Number.POSITIVE_INFINITY), steps.length);
    }),
  );
});

function sum(flood: RefusalFlood, now: number): number {
  return flood.collect(now).reduce((total, { count }) => total + count, 0);
}
