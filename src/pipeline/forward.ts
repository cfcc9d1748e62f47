import type { Draft } from '../core/audit/audit-record.ts';
import type { OutcomeFacts } from '../core/audit/outcome-event.ts';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { REASONS } from '../core/reason.ts';
import {
  isUndelivered,
  type Judgement,
  judgeOutcome,
  type UpstreamOutcome,
} from '../core/store/upstream-outcome.ts';
import type { DeleteAdmission, PushAdmission } from './admission.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { KeptPush, Sending, Spool } from './ports/spool.ts';
import type { UpstreamRequest } from './ports/upstream.ts';

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

/** A push or delete that the upstream has, or that is kept for it. */
export interface Forwarded {
  /** The upstream's own, 200 or 202; 202 for what is kept. */
  readonly status: number;
  /** It is on disk, and goes upstream when that is back. */
  readonly isSpooled: boolean;
}

type WriteAdmission = PushAdmission | DeleteAdmission;

/** What is kept of a delete. */
const NO_BODY = new Uint8Array();

/**
 * Sends an admitted push or delete upstream and records what came of it. The outcome is on disk
 * before a success is answered. With a spool, what cannot be sent is kept there, behind what
 * waits for its group already.
 */
export function forward(
  admission: WriteAdmission,
  context: ForwardContext,
): Promise<Decision<Forwarded>> {
  const { spool } = admission.upstream;
  return spool === undefined ? sendOnce(admission, context) : sendOrKeep(admission, context, spool);
}

async function sendOrKeep(
  admission: WriteAdmission,
  context: ForwardContext,
  spool: Spool,
): Promise<Decision<Forwarded>> {
  const group = admission.target.canonical;
  if (spool.isWaiting(group)) return await keep(admission, context, spool);
  using sending = spool.begin(group);
  return await sendOnce(admission, context, { spool, sending });
}

async function sendOnce(
  admission: WriteAdmission,
  context: ForwardContext,
  spooling?: { readonly spool: Spool; readonly sending: Sending },
): Promise<Decision<Forwarded>> {
  const { requestId } = context;
  const forwarded = renderUpstreamRequest(admission, requestId);
  const outcome = await admission.upstream.send(forwarded);
  if (spooling !== undefined && isUndelivered(outcome)) {
    return await keep(admission, context, spooling.spool);
  }
  const judged = judgeOutcome(forwarded.method, outcome);
  await admission.claim.settle(judged.end);
  const isTidied = judged.end === 'rejected' && (await tidy(admission, requestId));
  const facts = describeOutcome(judged, outcome);
  if (isTidied) facts.group_removed = true;
  const recording = record(context, facts);
  if (spooling !== undefined && judged.end === 'stored') {
    const { spool, sending } = spooling;
    await spool.noteStored(describePush(admission, requestId), sending);
  }
  const recorded = await recording;
  const { decision } = judged;
  if (decision.effect === 'deny') return decision;
  if (recorded.effect === 'deny') return denyUnrecorded(recorded, 'was stored');
  return allow({ status: decision.value, isSpooled: false });
}

/** Keeps what every check has allowed until the upstream is back. */
async function keep(
  admission: WriteAdmission,
  context: ForwardContext,
  spool: Spool,
): Promise<Decision<Forwarded>> {
  const kept = await spool.keep(describePush(admission, context.requestId));
  if (kept.effect === 'deny') {
    const { reason } = kept;
    await admission.claim.settle('refused');
    await record(context, { status: REASONS[reason].status, reason });
    return kept;
  }
  admission.claim.release();
  const recorded = await record(context, { status: 'spooled' });
  if (recorded.effect === 'deny') return denyUnrecorded(recorded, 'is kept');
  return allow({ status: 202, isSpooled: true });
}

function record(
  { trail, isClientGone }: ForwardContext,
  facts: Draft<OutcomeFacts>,
): Promise<Decision<undefined>> {
  if (isClientGone()) facts.client_gone = true;
  return trail.recordOutcome(facts);
}

function denyUnrecorded({ reason, internal }: Deny, what: string): Deny {
  return deny(reason, {
    ...(internal && { internal }),
    detail: `the push ${what}, but that could not be written to the audit log`,
    hints: ['the operator must look at the audit log; to push it again does no harm'],
  });
}

function describePush(admission: WriteAdmission, requestId: string): KeptPush {
  const { sender, target, claim } = admission;
  const common = { ...sender, group: target.canonical, requestId, claim };
  if (admission.kind === 'delete') {
    return { ...common, method: 'DELETE', mediaType: 'text', body: NO_BODY, families: [] };
  }
  const { method, mediaType, body, families } = admission;
  return { ...common, method, mediaType, body, families };
}

/** A push that Pushgateway refuses leaves no group that was not there before. */
async function tidy(
  { kind, upstream, target, deadline }: WriteAdmission,
  requestId: string,
): Promise<boolean> {
  if (kind === 'delete') return false;
  const common = { path: target.canonical, requestId, deadline: deadline + TIDY_MS };
  return await upstream.tidy(target.canonical, () =>
    upstream.send({ ...common, method: 'DELETE', contentType: undefined, body: undefined }),
  );
}

function renderUpstreamRequest(admission: WriteAdmission, requestId: string): UpstreamRequest {
  const { target, deadline, claim } = admission;
  const path = target.canonical;
  if (admission.kind === 'delete') return renderDelete(path, requestId, deadline);
  const { method, body, mediaType } = admission;
  const contentType = CONTENT_TYPES[mediaType];
  return { method, path, contentType, body, requestId, deadline, isCurrent: claim.isCurrent };
}

function renderDelete(path: string, requestId: string, deadline: number): UpstreamRequest {
  const none = { contentType: undefined, body: undefined, isCurrent: undefined };
  return { method: 'DELETE', path, requestId, deadline, ...none };
}

function describeOutcome(
  { status, errorKind }: Judgement,
  outcome: UpstreamOutcome,
): Draft<OutcomeFacts> {
  const facts: Draft<OutcomeFacts> = { status };
  if (outcome.kind === 'answered') facts.upstream_status = outcome.status;
  if (outcome.attempts > 1) facts.attempts = outcome.attempts;
  if (errorKind !== undefined) facts.reason = errorKind;
  return facts;
}
