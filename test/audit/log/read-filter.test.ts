import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordedReads, withReadFilter } from '../../../src/audit/log/read-filter.ts';
import { GENESIS } from '../../../src/core/audit/audit-chain.ts';
import type { AuditEvent, DecisionEvent } from '../../../src/core/audit/audit-record.ts';
import { decision, refusal } from '../chain-fixture.ts';

const READER = { method: 'GET', target: '/metrics', team: 'prometheus', credential: 'p1' } as const;
const OTHER = { ...READER, credential: 'p2' } as const;

/** Ids of what is recorded of these events, in this order. */
async function recorded(reads: RecordedReads, events: readonly DecisionEvent[]) {
  const ids: string[] = [];
  const take = (event: AuditEvent): void => {
    if (event.event === 'decision') ids.push(event.request_id);
  };
  const inner = {
    append: async (event: AuditEvent) => take(event),
    record: take,
    head: () => GENESIS,
    close: async () => {},
  };
  const audit = withReadFilter(inner, reads);
  for (const event of events) {
    if (event.method === 'GET') audit.record(event);
    else await audit.append(event);
  }
  return ids.join(' ');
}

const EVENTS = [
  decision('a', READER),
  decision('b', READER),
  decision('other', OTHER),
  decision('endpoint', { ...READER, target: '/api/v1/status' }),
  decision('push'),
  refusal('refused', READER),
  refusal('again', READER),
  decision('back', READER),
  decision('c', READER),
  decision('push2'),
];

const ROWS = [
  ['all', 'a b other endpoint push refused again back c push2'],
  ['changes', 'a other endpoint push refused again back push2'],
  ['none', 'push refused again push2'],
] as const;
for (const [reads, expected] of ROWS) {
  test(`audit.reads: ${reads} records ${expected}`, async () => {
    assert.equal(await recorded(reads, EVENTS), expected);
  });
}

test('readers beyond what is remembered are recorded, not held in memory', async () => {
  const many = Array.from({ length: 25_000 }, (_, index) =>
    decision(`${index}`, { ...READER, credential: `c${index}` }),
  );
  assert.equal((await recorded('changes', many)).split(' ').length, 25_000);
});
