import type { Deny } from '../core/decision.ts';
import { REASONS } from '../core/reason.ts';
import { renderSentence } from '../core/request/raw-target.ts';
import type { Facts } from '../pipeline/audit-trail.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';

/** Says in the operational log why a request was refused. */
export type RefusalLog = (requestId: string, facts: Facts, refusal: Deny) => void;

/** Lines of one level in a second. To be refused takes no credential, and disks are finite. */
const LINES_PER_SECOND = 50;
const SECOND_MS = 1000;
const MAX_DETAIL_BYTES = 1024;

/**
 * Creates the log of refusals. What the operator should see at once is louder than what only
 * explains a refusal; neither can fill a disk: the audit log counts what is left out here.
 */
export function createRefusalLog(log: OperationalLog, clock: Clock): RefusalLog {
  const take = { warn: createQuota(clock), info: createQuota(clock) };
  return (requestId, { principal, clientAddress }, refusal) => {
    const level = REASONS[refusal.reason].status >= 500 ? 'warn' : 'info';
    const leftOut = take[level]();
    if (leftOut === undefined) return;
    log[level]('refused', {
      request_id: requestId,
      reason: refusal.reason,
      ...(principal && { team: principal.team, credential: principal.credential }),
      ...(clientAddress && { client_ip: clientAddress.text }),
      ...(refusal.detail && { detail: renderSentence(refusal.detail, MAX_DETAIL_BYTES) }),
      ...(refusal.internal && { internal: refusal.internal }),
      ...(leftOut > 0 && { left_out: leftOut }),
    });
  };
}

/** Counts lines: how many were left out since the last one, or undefined to leave this one out. */
function createQuota(clock: Clock): () => number | undefined {
  let since = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let leftOut = 0;
  return () => {
    const now = clock.monotonic();
    if (now - since >= SECOND_MS) [since, lines] = [now, 0];
    lines += 1;
    if (lines > LINES_PER_SECOND) {
      leftOut += 1;
      return undefined;
    }
    const before = leftOut;
    leftOut = 0;
    return before;
  };
}
