import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageReport } from '../../../../src/core/audit/history/usage-report.ts';
import { decision } from '../../../audit/chain-fixture.ts';

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
