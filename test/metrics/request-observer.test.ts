import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { createRequestObserver } from '../../src/metrics/request-observer.ts';
import { watchAudit, watchBytes, watchCredentials } from '../../src/metrics/watch.ts';
import { manualClock } from '../support/manual-clock.ts';

/** The samples of an exposition whose names begin so. */
async function samplesOf(registry: ReturnType<typeof createMetricsRegistry>, prefix: string) {
  const lines = (await registry.render()).split('\n');
  return lines.filter((line) => line.startsWith(prefix));
}

const ENDED = { team: 'payments', method: 'PUT', status: 200, durationMs: 2 };

test('requests are counted by team, method and status, however often they are looked at', async () => {
  const registry = createMetricsRegistry();
  const observer = createRequestObserver(registry, manualClock());
  const count = (...ends: readonly Partial<typeof ENDED>[]): void => {
    for (const end of ends) {
      observer.begin();
      observer.end({ ...ENDED, ...end });
    }
  };
  count({}, {}, { status: 202 }, { method: 'NOTIFY' }, { team: '' });
  const once = await samplesOf(registry, 'pushwarden_requests_total{');
  assert.deepEqual(once, [
    'pushwarden_requests_total{team="payments",method="PUT",code="200"} 2',
    'pushwarden_requests_total{team="payments",method="PUT",code="202"} 1',
    'pushwarden_requests_total{team="payments",method="other",code="200"} 1',
    'pushwarden_requests_total{team="",method="PUT",code="200"} 1',
  ]);
  assert.deepEqual(await samplesOf(registry, 'pushwarden_requests_total{'), once);
  count({});
  const [first] = await samplesOf(registry, 'pushwarden_requests_total{');
  assert.equal(first, 'pushwarden_requests_total{team="payments",method="PUT",code="200"} 3');
});

test('requests are in flight from their beginning to their end', async () => {
  const registry = createMetricsRegistry();
  const observer = createRequestObserver(registry, manualClock());
  const inFlight = () => samplesOf(registry, 'pushwarden_requests_in_flight');
  observer.begin();
  observer.begin();
  assert.deepEqual(await inFlight(), ['pushwarden_requests_in_flight 2']);
  observer.end(ENDED);
  assert.deepEqual(await inFlight(), ['pushwarden_requests_in_flight 1']);
});

test('the last push of a team is that of its last accepted one', async () => {
  const registry = createMetricsRegistry();
  const clock = manualClock();
  const observer = createRequestObserver(registry, clock);
  observer.end(ENDED);
  const shown = await samplesOf(registry, 'pushwarden_team_last_push');
  clock.advance(5000);
  observer.end({ ...ENDED, reason: 'body_invalid', status: 400 });
  observer.end({ ...ENDED, method: 'DELETE' });
  assert.deepEqual(await samplesOf(registry, 'pushwarden_team_last_push'), shown);
  observer.end({ ...ENDED, method: 'POST' });
  const name = 'pushwarden_team_last_push_timestamp_seconds{team="payments"}';
  assert.deepEqual(await samplesOf(registry, 'pushwarden_team_last_push'), [
    `${name} ${clock.now() / 1000}`,
  ]);
});

test('uses of credentials, audit records and bytes are told as they are when they are looked at', async () => {
  const registry = createMetricsRegistry();
  const noteUse = watchCredentials(registry);
  const { recorded } = watchAudit(registry);
  const onBytes = watchBytes(registry);
  noteUse('payments', 'nightly', 4000);
  noteUse('payments', 'nightly', 5000);
  noteUse('payments', 'hourly', 6000);
  recorded('decision');
  recorded('decision', { seq: 7 });
  recorded('outcome', { seq: 8 });
  onBytes(90);
  onBytes(80);
  const used = 'pushwarden_credential_last_used_timestamp_seconds{team="payments",credential';
  for (let looked = 0; looked < 2; looked += 1) {
    assert.deepEqual(await samplesOf(registry, used), [
      `${used}="nightly"} 5`,
      `${used}="hourly"} 6`,
    ]);
    assert.deepEqual(await samplesOf(registry, 'pushwarden_audit_records_total{'), [
      'pushwarden_audit_records_total{event="decision"} 2',
      'pushwarden_audit_records_total{event="outcome"} 1',
    ]);
    assert.deepEqual(await samplesOf(registry, 'pushwarden_audit_head_seq'), [
      'pushwarden_audit_head_seq 8',
    ]);
    assert.deepEqual(await samplesOf(registry, 'pushwarden_bytes_in_flight'), [
      'pushwarden_bytes_in_flight 80',
    ]);
  }
});
