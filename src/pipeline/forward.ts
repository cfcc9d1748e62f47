import type { Decision } from '../core/decision.ts';
import { deny } from '../core/decision.ts';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { REASONS } from '../core/reason.ts';
import type { PushEnd } from '../core/store/group-store.ts';
import { judgeUpstreamOutcome, type UpstreamOutcome } from '../core/upstream-outcome.ts';
import type { DeleteAdmission, PushAdmission } from './admit.ts';
import type { AuditTrail, OutcomeFacts } from './audit-trail.ts';
import type { UpstreamRequest } from './ports.ts';

/** What forwarding needs beside the admission. */
export interface ForwardContext {
  /** Goes upstream as `X-Request-Id`. */
  readonly requestId: string;
  readonly trail: Pick<AuditTrail, 'recordOutcome'>;
  /** Whether the caller has left; the push goes on without it. */
  readonly isClientGone: () => boolean;
}

/**
 * Sends an admitted push or delete upstream and records what came of it. The outcome is on disk
 * before a success is answered.
 * @returns the upstream's status, 200 or 202, to be passed on unchanged
 */
export async function forward(
  admission: PushAdmission | DeleteAdmission,
  { requestId, trail, isClientGone }: ForwardContext,
): Promise<Decision<number>> {
  const forwarded = renderUpstreamRequest(admission, requestId);
  const outcome = await admission.upstream.send(forwarded);
  const judged = judgeUpstreamOutcome(forwarded.method, outcome);
  await admission.settle(endOf(judged, outcome));
  const facts = describeOutcome(judged, outcome);
  const recorded = await trail.recordOutcome({
    ...facts,
    ...(isClientGone() && { client_gone: true }),
  });
  if (recorded.effect === 'allow' || judged.effect === 'deny') return judged;
  return deny(recorded.reason, {
    ...(recorded.internal && { internal: recorded.internal }),
    detail: 'the push was stored, but that could not be written to the audit log',
  });
}

function renderUpstreamRequest(
  admission: PushAdmission | DeleteAdmission,
  requestId: string,
): UpstreamRequest {
  const { target, deadline } = admission;
  const common = { path: target.canonical, requestId, deadline };
  if (admission.kind === 'delete') {
    return { ...common, method: 'DELETE', contentType: undefined, body: undefined };
  }
  const { method, body, mediaType } = admission;
  return { ...common, method, contentType: CONTENT_TYPES[mediaType], body };
}

/** Whether the store holds the push now. */
function endOf(judged: Decision<number>, outcome: UpstreamOutcome): PushEnd {
  if (judged.effect === 'allow') return 'stored';
  if (outcome.kind === 'failed') return outcome.mayBeApplied ? 'unknown' : 'refused';
  return judged.reason === 'upstream_rejected' ? 'rejected' : 'unknown';
}

function describeOutcome(judged: Decision<number>, outcome: UpstreamOutcome): OutcomeFacts {
  const attempts = outcome.attempts > 1 && { attempts: outcome.attempts };
  const upstream = outcome.kind === 'answered' && { upstream_status: outcome.status };
  if (judged.effect === 'allow') return { status: judged.value, ...upstream, ...attempts };
  const isUnknown = outcome.kind === 'failed' && outcome.mayBeApplied;
  return {
    status: isUnknown ? 'unknown' : REASONS[judged.reason].status,
    ...upstream,
    ...attempts,
    reason: judged.reason,
  };
}
