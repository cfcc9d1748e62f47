import { allow, type Decision, type Deny, deny } from '../decision.ts';
import { REASONS, type Reason } from '../reason.ts';
import type { PushEnd } from './group-store.ts';

/** What came of a request to the upstream. */
export type UpstreamOutcome = UpstreamAnswer | UpstreamFailure;

/** An answer that was read to its end. */
interface UpstreamAnswer {
  readonly kind: 'answered';
  readonly status: number;
  /** How often the request was sent. */
  readonly attempts: number;
  /** Beginning of the answer's text, for the operational log only. */
  readonly text: string;
}

export interface UpstreamFailure {
  readonly kind: 'failed';
  readonly reason: Extract<
    Reason,
    | 'upstream_unreachable'
    | 'upstream_invalid'
    | 'upstream_timeout'
    | 'overloaded'
    /** It was not sent: nobody counts on this gateway any more. */
    | 'state_unavailable'
  >;
  /** Whether the upstream may have applied the request. */
  readonly mayBeApplied: boolean;
  readonly attempts: number;
  /** For the operational log only. */
  readonly detail: string;
}

type SentMethod = 'POST' | 'PUT' | 'DELETE';

/** What an outcome means for everybody who has to know: nobody else judges one. */
export interface Judgement {
  /** The status to pass on, or why there is none. */
  readonly decision: Decision<number>;
  /** What it means for what was claimed. */
  readonly end: PushEnd;
  /** What the audit log says of it: `unknown` when nobody can tell whether it was applied. */
  readonly status: number | 'unknown';
  /** What the metrics count it as; undefined for a success. */
  readonly errorKind: Reason | undefined;
}

/** Of a success, made once: most pushes end in one. */
const [OK, ACCEPTED] = [judgeSuccess(200), judgeSuccess(202)];

/** Statuses that clients take for success: a push 200 or 202, a delete 202 alone. */
const SUCCESSES: Readonly<Record<SentMethod, Readonly<Record<number, Judgement>>>> = {
  POST: { 200: OK, 202: ACCEPTED },
  PUT: { 200: OK, 202: ACCEPTED },
  DELETE: { 202: ACCEPTED },
};

/**
 * Judges an outcome. Redirects are refused: most clients report them as success and lose the data.
 * @see pushgateway `handler/push.go`, `handler/delete.go`
 */
export function judgeOutcome(method: SentMethod, outcome: UpstreamOutcome): Judgement {
  const success = outcome.kind === 'answered' ? SUCCESSES[method][outcome.status] : undefined;
  if (success !== undefined) return success;
  const decision = refuse(outcome);
  const { reason } = decision;
  const isUnknown = outcome.kind === 'failed' && outcome.mayBeApplied;
  const status = isUnknown ? 'unknown' : REASONS[reason].status;
  return { decision, end: endOf(decision, outcome), status, errorKind: reason };
}

/** Whether it certainly never reached the upstream, because that could not be reached. */
export function isUndelivered(outcome: UpstreamOutcome): boolean {
  return (
    outcome.kind === 'failed' && outcome.reason === 'upstream_unreachable' && !outcome.mayBeApplied
  );
}

function judgeSuccess(status: number): Judgement {
  return { decision: allow(status), end: 'stored', status, errorKind: undefined };
}

function refuse(outcome: UpstreamOutcome): Deny {
  if (outcome.kind === 'failed') return denyFailure(outcome);
  const internal = `the upstream answered ${outcome.status}: ${outcome.text}`;
  if (outcome.status === 400) return deny('upstream_rejected', { internal });
  return deny('upstream_invalid', { internal });
}

function endOf({ reason }: Deny, outcome: UpstreamOutcome): PushEnd {
  if (outcome.kind === 'failed') return outcome.mayBeApplied ? 'unknown' : 'refused';
  return reason === 'upstream_rejected' ? 'rejected' : 'unknown';
}

function denyFailure({ reason, mayBeApplied, detail }: UpstreamFailure): Deny {
  if (reason !== 'upstream_timeout' || mayBeApplied) return deny(reason, { internal: detail });
  return deny(reason, {
    internal: detail,
    detail: 'Pushgateway is busy; nothing was sent to it',
    hints: ['push again later'],
  });
}
