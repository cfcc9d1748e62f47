import type { AuditEvent, DecisionEvent } from '../../core/audit/audit-record.ts';
import { createRefusalFlood, type FloodBounds } from '../../core/audit/refusal-flood.ts';
import type { AuditLog, Clock } from '../../pipeline/ports.ts';

/** Milliseconds between two looks at floods that may have ended. */
const COLLECT_MS = 1000;

/**
 * The same audit log, but of many refusals of one kind it takes most as a count; of reads too, where
 * they take no credential.
 */
export function withFloodControl(audit: AuditLog, clock: Clock, bounds?: FloodBounds): AuditLog {
  const flood = createRefusalFlood(bounds);
  const collect = (now: number): void => {
    for (const aggregate of flood.collect(now)) audit.record(aggregate);
  };
  const timer = setInterval(() => collect(clock.now()), COLLECT_MS).unref();
  return {
    append: (event) => audit.append(event),
    record(event) {
      // the last record of a clean end: nothing may be left to come after it
      if (event.event === 'stop') collect(Number.POSITIVE_INFINITY);
      if (!isCounted(event) || flood.admits(event, clock.now())) audit.record(event);
    },
    head: () => audit.head(),
    close() {
      clearInterval(timer);
      collect(Number.POSITIVE_INFINITY);
      return audit.close();
    },
  };
}

function isCounted(event: AuditEvent): event is DecisionEvent {
  return event.event === 'decision' && (event.decision === 'deny' || event.scheme === 'none');
}
