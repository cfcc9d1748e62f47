import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageReport } from '../../../../src/core/audit/history/usage-report.ts';
import { decision } from '../../../audit/chain-fixture.ts';

test('UsageReport counts reads that have no record of their own as allowed', () => {
  const usage = new UsageReport('team');
  const time = '2026-11-22T12:00:00.000Z';
  const source = { team: 'crowd', credential: 'anonymous', scheme: 'none' } as const;
  const counted = { event: 'aggregate', ...source, count: 70, since: time, until: time } as const;
  usage.add({ ...counted, reason: 'ok', time });
  usage.add({ ...counted, reason: 'rate_limited', time });
  const [row] = usage.rows();
  assert.deepEqual([row?.key, row?.allowed, row?.refused], ['crowd', 70, 70]);
});

test('UsageReport counts what comes beyond its bound in one row', () => {
  const usage = new UsageReport('client');
  const time = '2026-11-22T12:00:00.000Z';
  for (let index = 0; index < 30_000; index += 1) {
    usage.add({ ...decision('a', { client_ip: `client${index}` }), time });
  }
  const rows = usage.rows();
  assert.ok(rows.length <= 10_002);
  assert.equal(
    rows.reduce((sum, { allowed }) => sum + allowed, 0),
    30_000,
  );
  assert.ok(rows.some(({ key, allowed }) => key === '(others)' && allowed > 19_000));
});
