import type { Draft, OutcomeEvent } from './audit-record.ts';

/** How something that was recorded before ended, as far as its shell knows. */
export type OutcomeFacts = Omit<OutcomeEvent, 'event' | 'request_id' | 'duration_ms'>;

/**
 * Renders the end of what was recorded before.
 * @param ms - how long it took
 */
export function renderOutcome(requestId: string, facts: OutcomeFacts, ms: number): OutcomeEvent {
  const { status } = facts;
  const record: Draft<Partial<OutcomeEvent>> = { event: 'outcome', request_id: requestId };
  Object.assign(record, facts);
  if (typeof status === 'string') record.outcome = status;
  record.duration_ms = Math.round(ms * 10) / 10;
  return record as OutcomeEvent; // with all that it must have
}
