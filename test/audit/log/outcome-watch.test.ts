import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withOutcomeWatch } from '../../../src/audit/log/outcome-watch.ts';
import { GENESIS } from '../../../src/core/audit/audit-chain.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { decision, outcome, refusal } from '../chain-fixture.ts';

/** A watched log that refuses the ids in `refused`, and what it was given in passing. */
function open(refused: readonly string[] = []) {
  const recorded: AuditEvent[] = [];
  const audit = withOutcomeWatch({
    async append(event) {
      if ('request_id' in event && refused.includes(event.request_id)) throw new Error('full');
    },
    record: (event) => void recorded.push(event),
    head: () => GENESIS,
    close: async () => {},
  });
  return { audit, recorded };
}

test('closing tells of pushes without an outcome', async () => {
  const { audit, recorded } = open();
  for (const id of ['a', 'b', 'c']) await audit.append(decision(id));
  await audit.append(outcome('b'));
  audit.record(refusal('c', { reason: 'audit_unavailable' }));
  recorded.length = 0;
  await audit.close();
  assert.deepEqual(recorded, [
    { event: 'recovered', cause: 'stopped', torn_bytes: 0, unknown_outcomes: ['a'] },
  ]);
});

test('closing says nothing of a push that was refused because it could not be recorded', async () => {
  const { audit, recorded } = open(['a']);
  await assert.rejects(audit.append(decision('a')), /full/);
  await audit.close();
  assert.deepEqual(recorded, []);
});

test('a push whose outcome could not be recorded at once is not unknown', async () => {
  const { audit, recorded } = open(['late']);
  audit.record(decision('late'));
  await assert.rejects(audit.append(outcome('late')));
  recorded.length = 0;
  await audit.close();
  assert.deepEqual(recorded, []);
});
