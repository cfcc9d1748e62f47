import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { withFloodControl } from '../../../src/audit/log/flood-control.ts';
import { GENESIS } from '../../../src/core/audit/audit-chain.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import type { AuditLog } from '../../../src/pipeline/ports.ts';
import { decision, NOON, refusal } from '../chain-fixture.ts';

/** A log under flood control, what reached it, and a clock. */
function open() {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: NOON });
  const events: AuditEvent[] = [];
  let isClosed = false;
  const inner: AuditLog = {
    append: async (event) => void events.push(event),
    record: (event) => void events.push(event),
    head: () => GENESIS,
    close: async () => {
      isClosed = true;
    },
  };
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const audit = withFloodControl(inner, clock);
  return { audit, events, isClosed: () => isClosed };
}

function refuse(audit: AuditLog, count: number): void {
  for (let index = 0; index < count; index += 1) audit.record(refusal(`r${index}`));
}

test('the count of a flood is recorded when a second has passed without one more', (t) => {
  t.after(() => mock.timers.reset());
  const { audit, events } = open();
  refuse(audit, 30);
  assert.equal(events.length, 10);
  mock.timers.tick(1000);
  const last = events.at(-1);
  assert.equal(last?.event === 'aggregate' && last.count, 20);
  mock.timers.tick(60_000);
  assert.equal(events.length, 11);
});

test('nothing but refusals is ever counted away', async (t) => {
  t.after(() => mock.timers.reset());
  const { audit, events } = open();
  for (let index = 0; index < 50; index += 1) {
    audit.record(decision(`read${index}`, { method: 'GET' }));
    await audit.append(decision(`push${index}`));
  }
  assert.equal(events.length, 100);
});

test('a stop is recorded after every count', (t) => {
  t.after(() => mock.timers.reset());
  const { audit, events } = open();
  refuse(audit, 11);
  audit.record({ event: 'stop', cause: 'SIGTERM' });
  assert.deepEqual(
    events.slice(-2).map(({ event }) => event),
    ['aggregate', 'stop'],
  );
});

test('closing records every count first and stops the timer', async (t) => {
  t.after(() => mock.timers.reset());
  const { audit, events, isClosed } = open();
  refuse(audit, 11);
  await audit.close();
  assert.equal(events.at(-1)?.event, 'aggregate');
  assert.ok(isClosed());
});
