import type { Decision } from '../core/decision.ts';
import { deny } from '../core/decision.ts';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import {
  type Judgement,
  judgeOutcome,
  type UpstreamOutcome,
} from '../core/store/upstream-outcome.ts';
import type { DeleteAdmission, PushAdmission } from './admit.ts';
import type { AuditTrail, OutcomeFacts } from './audit-trail.ts';
import type { UpstreamRequest } from './ports.ts';

/** Beyond the deadline of a push, for what it left behind. */
const TIDY_MS = 10_000;

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
  const judged = judgeOutcome(forwarded.method, outcome);
  await admission.settle(judged.end);
  const isTidied = judged.end === 'rejected' && (await tidy(admission, requestId));
  const recorded = await trail.recordOutcome({
    ...describeOutcome(judged, outcome),
    ...(isTidied && { group_removed: true }),
    ...(isClientGone() && { client_gone: true }),
  });
  const { decision } = judged;
  if (recorded.effect === 'allow' || decision.effect === 'deny') return decision;
  return deny(recorded.reason, {
    ...(recorded.internal && { internal: recorded.internal }),
    detail: 'the push was stored, but that could not be written to the audit log',
    hints: ['the operator must look at the audit log; to push it again does no harm'],
  });
}

/** A push that Pushgateway refuses leaves no group that was not there before. */
async function tidy(
  { kind, upstream, target, deadline }: PushAdmission | DeleteAdmission,
  requestId: string,
): Promise<boolean> {
  if (kind === 'delete') return false;
  const common = { path: target.canonical, requestId, deadline: deadline + TIDY_MS };
  return await upstream.tidy(target.canonical, () =>
    upstream.send({ ...common, method: 'DELETE', contentType: undefined, body: undefined }),
  );
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

function describeOutcome({ status, errorKind }: Judgement, outcome: UpstreamOutcome): OutcomeFacts {
  return {
    status,
    ...(outcome.kind === 'answered' && { upstream_status: outcome.status }),
    ...(outcome.attempts > 1 && { attempts: outcome.attempts }),
    ...(errorKind && { reason: errorKind }),
  };
}
