import type { AuditEvent } from '../../core/audit/audit-record.ts';
import type { AuditLog } from '../../pipeline/ports.ts';

/**
 * The same audit log, but refusals of callers whom nobody knows go to `unknown`, and so do refusals
 * and reads of those who are let in without a credential: neither takes one, and what they write
 * must not push out what teams did. Pushes stay with the others, whoever sent them.
 */
export function withUnknownCallers(audit: AuditLog, unknown: AuditLog): AuditLog {
  return {
    append(event) {
      if (event.event === 'start') unknown.record(event);
      return audit.append(event);
    },
    record(event) {
      if (isOfUnknown(event)) unknown.record(event);
      else audit.record(event);
      if (event.event === 'stop') unknown.record(event);
    },
    head: () => audit.head(),
    async close() {
      try {
        await audit.close();
      } finally {
        await unknown.close().catch(() => undefined); // it said so in the operational log
      }
    },
  };
}

/** Of what is recorded in passing, reads and refusals. */
function isOfUnknown(event: AuditEvent): boolean {
  return event.event === 'decision' && (event.team === undefined || event.scheme === 'none');
}
