import type { RecoveredEvent } from '../../core/audit/audit-record.ts';

/** Request ids in one record, so that its line stays short enough. */
const OUTCOMES_PER_RECORD = 500;

/** Tells of a recovery in as many records as its unknown outcomes need, at least one. */
export function splitRecovered(event: Omit<RecoveredEvent, 'event'>): readonly RecoveredEvent[] {
  const ids = event.unknown_outcomes;
  const take = (from: number): readonly string[] => ids.slice(from, from + OUTCOMES_PER_RECORD);
  const events: RecoveredEvent[] = [{ event: 'recovered', ...event, unknown_outcomes: take(0) }];
  for (let from = OUTCOMES_PER_RECORD; from < ids.length; from += OUTCOMES_PER_RECORD) {
    const { cause } = event;
    events.push({ event: 'recovered', cause, torn_bytes: 0, unknown_outcomes: take(from) });
  }
  return events;
}
