import { isBeginning } from '../../core/audit/is-beginning.ts';
import { OpenOutcomes } from '../../core/audit/open-outcomes.ts';
import type { AuditLog } from '../../pipeline/ports.ts';
import { splitRecovered } from './recovered-events.ts';

/** The same audit log, but when it is closed it records which outcomes it was never told. */
export function withOutcomeWatch(audit: AuditLog): AuditLog {
  const open = new OpenOutcomes();
  return {
    append(event) {
      open.follow(event);
      const appended = audit.append(event);
      // its caller is refused and goes no further
      if (isBeginning(event)) appended.catch(() => open.forget(event.request_id));
      return appended;
    },
    record(event) {
      open.follow(event);
      audit.record(event);
    },
    head: () => audit.head(),
    close() {
      const unknown = { cause: 'stopped', torn_bytes: 0, unknown_outcomes: open.ids } as const;
      if (open.ids.length > 0) {
        for (const event of splitRecovered(unknown)) audit.record(event);
      }
      return audit.close();
    },
  };
}
