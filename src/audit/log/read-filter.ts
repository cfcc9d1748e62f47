import type { DecisionEvent } from '../../core/audit/audit-record.ts';
import type { AuditLog } from '../../pipeline/ports.ts';

/** Which allowed reads are recorded; refused ones always are. */
export type RecordedReads = 'all' | 'changes' | 'none';

/** Credentials and endpoints whose last decision is known; beyond it they are forgotten. */
const MAX_READERS = 10_000;

/**
 * The same audit log, but with fewer reads: with `changes` the first of each credential and
 * endpoint, and each whose decision differs from the one before; with `none` refused ones only.
 */
export function withReadFilter(audit: AuditLog, reads: RecordedReads): AuditLog {
  if (reads === 'all') return audit;
  const last = new Map<string, DecisionEvent['decision']>();
  const isNews = (event: DecisionEvent): boolean => {
    const { team, credential, target, decision } = event;
    const reader = [team, credential, target].join('\n');
    const isSame = last.get(reader) === decision;
    if (!isSame && last.size >= MAX_READERS) last.clear();
    if (team !== undefined) last.set(reader, decision);
    return !isSame;
  };
  return {
    append: (event) => audit.append(event),
    record(event) {
      if (event.event === 'decision' && event.method === 'GET') {
        const isWanted = isNews(event) && reads === 'changes';
        if (event.decision === 'allow' && !isWanted) return;
      }
      audit.record(event);
    },
    head: () => audit.head(),
    close: () => audit.close(),
  };
}
