import type { AuditEvent } from '../../core/audit/audit-record.ts';
import type { AuditLog } from '../../pipeline/ports.ts';

/**
 * The same audit log, but refusals of callers whom nobody knows go to `unknown`: to be refused takes
 * no credential, and what it writes must not push out what teams did.
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

function isOfUnknown(event: AuditEvent): boolean {
  const isRefusal =
    event.event === 'aggregate' || (event.event === 'decision' && event.decision === 'deny');
  return isRefusal && event.team === undefined;
}
