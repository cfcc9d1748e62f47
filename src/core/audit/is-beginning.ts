import type { AuditEvent, DecisionEvent, ExpiredEvent, MovedEvent } from './audit-record.ts';

/** Whether an event tells of something that is still to be done, and not if it cannot be written. */
export function isBeginning(event: AuditEvent): event is DecisionEvent | ExpiredEvent | MovedEvent {
  return event.event === 'decision' || event.event === 'expired' || event.event === 'moved';
}
