import assert from 'node:assert/strict';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';

/** Ends of groups in a log, each with what came of it. */
interface ExpiredRecord {
  readonly target: string;
  readonly time: number;
  readonly status: number | string | undefined;
}

/**
 * Holds the ends of groups for their age in a log against the pushes in it: none was begun before
 * `ttlMs` had passed since the last push that was or may have been stored.
 */
export function checkExpired(
  records: readonly AuditRecord[],
  ttlMs: number,
): readonly ExpiredRecord[] {
  const outcomes = new Map(
    records.flatMap((record) => (record.event === 'outcome' ? [[record.request_id, record]] : [])),
  );
  const pushedAt = new Map<string, number>();
  const found: ExpiredRecord[] = [];
  for (const record of records) {
    const time = Date.parse(record.time);
    if (record.event === 'decision' && record.decision === 'allow' && record.method !== 'GET') {
      const status = outcomes.get(record.request_id)?.status ?? 'unknown';
      const mayBeStored = typeof status === 'string' || status < 300;
      if (record.method !== 'DELETE' && mayBeStored) pushedAt.set(record.target, time);
    }
    if (record.event !== 'expired') continue;
    const age = time - (pushedAt.get(record.target) ?? 0);
    assert.ok(age >= ttlMs, `${record.target} was deleted ${age} ms after a push`);
    const { status } = outcomes.get(record.request_id) ?? {};
    found.push({ target: record.target, time, status });
  }
  return found;
}
