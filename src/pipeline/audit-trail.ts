import type { DecisionEvent, OutcomeEvent } from '../core/audit/audit-record.ts';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { Principal } from '../core/identity/principal.ts';
import { parsePeerAddress } from '../core/network/client-address.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { renderPrintable } from '../core/printable.ts';
import { REASONS } from '../core/reason.ts';
import { renderRawTarget } from '../core/request/raw-target.ts';
import type { PushTarget } from '../core/target/push-target.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { AuditLog, Clock } from './ports.ts';

/** What the pipeline learns about a request on its way, in this order. */
export interface Facts {
  readonly clientAddress?: IpAddress;
  readonly principal?: Principal;
  readonly target?: PushTarget;
  readonly content?: ContentFacts;
  /** What an enforcing team would have been refused for; it may grow until the end. */
  readonly wouldDeny?: readonly Deny[];
}

interface ContentFacts {
  /** As sent. */
  readonly bodyBytes: number;
  readonly decodedBytes: number;
  /** Left out until the body was understood. */
  readonly series?: number;
  /** Families that got the type that is stored. */
  readonly adopted?: readonly string[];
}

/** How an allowed push or delete ended, as far as the shell knows. */
export type OutcomeFacts = Omit<OutcomeEvent, 'event' | 'request_id' | 'duration_ms'>;

/** The audit records of one request. */
export interface AuditTrail {
  /** Everything learned so far. */
  readonly facts: Facts;
  learn(facts: Facts): void;
  /** On disk when it resolves; `audit_unavailable` when it cannot be. */
  recordAllowed(): Promise<Decision<undefined>>;
  /** A read or a refusal: nobody waits for it. */
  recordInPassing(refusal?: Deny): void;
  /** On disk when it resolves; `audit_unavailable` when it cannot be. */
  recordOutcome(outcome: OutcomeFacts): Promise<Decision<undefined>>;
}

/** Bytes of what a client wrote. */
const KNOWN = { target: 256, userAgent: 256 } as const;
/** Whoever is unknown gets less of the disk. */
const UNKNOWN = { target: 128, userAgent: 64 } as const;
/** Names of families that got a type. */
const MAX_ADOPTED = 20;
const MAX_DETAIL_BYTES = 200;

/** Begins the trail of a request at the time of its arrival. */
export function createAuditTrail(
  request: GatewayRequest,
  audit: AuditLog,
  clock: Clock,
): AuditTrail {
  const arrivedAt = clock.monotonic();
  let facts: Facts = {};
  return {
    get facts() {
      return facts;
    },
    learn: (more) => {
      facts = { ...facts, ...more };
    },
    recordAllowed: () => append(audit, renderDecision(request, facts)),
    recordInPassing: (refusal) => audit.record(renderDecision(request, facts, refusal)),
    recordOutcome: (outcome) =>
      append(audit, {
        event: 'outcome',
        request_id: request.id,
        ...outcome,
        duration_ms: Math.round((clock.monotonic() - arrivedAt) * 10) / 10,
      }),
  };
}

async function append(
  audit: AuditLog,
  event: DecisionEvent | OutcomeEvent,
): Promise<Decision<undefined>> {
  try {
    await audit.append(event);
    return allow(undefined);
  } catch (error) {
    return deny('audit_unavailable', { internal: String(error) });
  }
}

function renderDecision(request: GatewayRequest, facts: Facts, refusal?: Deny): DecisionEvent {
  const { clientAddress, principal, target, content, wouldDeny = [] } = facts;
  const { userAgent } = request.headers;
  const limits = principal === undefined ? UNKNOWN : KNOWN;
  return {
    event: 'decision',
    request_id: request.id,
    ...(clientAddress && { client_ip: clientAddress.text }),
    peer_ip: parsePeerAddress(request.peerAddress)?.text ?? 'unknown',
    ...principal,
    method: renderPrintable(request.method, 16),
    ...(target && refusal === undefined
      ? { target: target.canonical }
      : { target: renderRawTarget(request.rawTarget, limits.target) }),
    ...(target && renderKey(target)),
    ...(content && renderContent(request.method, content)),
    decision: refusal === undefined ? 'allow' : 'deny',
    reason: refusal?.reason ?? 'ok',
    ...(refusal === undefined && renderObservation(wouldDeny)),
    ...(userAgent && { user_agent: renderPrintable(userAgent, limits.userAgent) }),
  };
}

/** The first of what an enforcing team would have been refused for. */
function renderObservation([first]: readonly Deny[]): Partial<DecisionEvent> {
  if (first === undefined) return {};
  const detail = renderPrintable(first.detail ?? REASONS[first.reason].title, MAX_DETAIL_BYTES);
  return { mode: 'observe', would_deny: first.reason, detail };
}

function renderKey({ key }: PushTarget): Pick<DecisionEvent, 'job' | 'grouping_key'> {
  const labels = key.labels.map(({ name, value }) => [name, value]);
  return { job: key.job, grouping_key: Object.fromEntries(labels) };
}

function renderContent(method: string, content: ContentFacts): Partial<DecisionEvent> {
  const { bodyBytes, decodedBytes, series, adopted = [] } = content;
  return {
    body_bytes: bodyBytes,
    decoded_bytes: decodedBytes,
    ...(series !== undefined && { series }),
    ...(adopted.length > 0 && { adopted: adopted.slice(0, MAX_ADOPTED) }),
    ...(method === 'PUT' && series === 0 && { empties_group: true }),
  };
}
