import type { DecisionEvent, Draft, OutcomeEvent } from '../core/audit/audit-record.ts';
import { type OutcomeFacts, renderOutcome } from '../core/audit/outcome-event.ts';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { PushContent } from '../core/exposition/push-content.ts';
import type { Principal } from '../core/identity/principal.ts';
import { parsePeerAddress } from '../core/network/client-address.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { renderPrintable } from '../core/printable.ts';
import { REASONS } from '../core/reason.ts';
import { renderRawTarget, renderSentence } from '../core/request/raw-target.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
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
  readonly families?: readonly string[];
  readonly labelNames?: readonly string[];
}

/** The audit records of one request. */
export interface AuditTrail {
  /** Everything learned so far; it grows with what is learned. */
  readonly facts: Facts;
  learn(facts: Facts): void;
  /** On disk when it resolves; `audit_unavailable` when it cannot be. */
  recordAllowed(): Promise<Decision<undefined>>;
  /** A read or a refusal: nobody waits for it. */
  recordInPassing(refusal?: Deny): void;
  /** On disk when it resolves; `audit_unavailable` when it cannot be. */
  recordOutcome(outcome: OutcomeFacts): Promise<Decision<undefined>>;
}

/** Names of families, and of labels, in one record. */
const MAX_NAMES = 20;
const MAX_DETAIL_BYTES = 199;

/** Bytes of what a client wrote. */
const KNOWN = { target: 256, userAgent: 256 } as const;
/** Whoever is refused without a credential gets less of the disk. */
const UNKNOWN = { target: 128, userAgent: 64 } as const;

/** Begins the trail of a request at the time of its arrival. */
export function createAuditTrail(
  request: GatewayRequest,
  audit: AuditLog,
  clock: Clock,
): AuditTrail {
  return new RequestTrail(request, audit, clock);
}

// A class, as every request has one: its methods are made once.
class RequestTrail implements AuditTrail {
  readonly facts: Draft<Facts> = {};
  readonly #request: GatewayRequest;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #arrivedAt: number;

  constructor(request: GatewayRequest, audit: AuditLog, clock: Clock) {
    this.#request = request;
    this.#audit = audit;
    this.#clock = clock;
    this.#arrivedAt = clock.monotonic();
  }

  learn(more: Facts): void {
    const { facts } = this;
    if (more.clientAddress !== undefined) facts.clientAddress = more.clientAddress;
    if (more.principal !== undefined) facts.principal = more.principal;
    if (more.target !== undefined) facts.target = more.target;
    if (more.content !== undefined) facts.content = more.content;
    if (more.wouldDeny !== undefined) facts.wouldDeny = more.wouldDeny;
  }

  recordAllowed(): Promise<Decision<undefined>> {
    return this.#append(renderDecision(this.#request, this.facts));
  }

  recordInPassing(refusal?: Deny): void {
    this.#audit.record(renderDecision(this.#request, this.facts, refusal));
  }

  recordOutcome(outcome: OutcomeFacts): Promise<Decision<undefined>> {
    const ms = this.#clock.monotonic() - this.#arrivedAt;
    return this.#append(renderOutcome(this.#request.id, outcome, ms));
  }

  #append(event: DecisionEvent | OutcomeEvent): Promise<Decision<undefined>> {
    return this.#audit.append(event).then(allowRecorded, denyUnrecorded);
  }
}

const RECORDED = allow(undefined);

function allowRecorded(): Decision<undefined> {
  return RECORDED;
}

function denyUnrecorded(error: unknown): Deny {
  return deny('audit_unavailable', { internal: String(error) });
}

function renderDecision(request: GatewayRequest, facts: Facts, refusal?: Deny): DecisionEvent {
  const { clientAddress, principal, target, content, wouldDeny = [] } = facts;
  const { userAgent } = request.headers;
  const isProved = principal !== undefined && principal.scheme !== 'none';
  const limits = isProved || refusal === undefined ? KNOWN : UNKNOWN;
  const shown =
    target && refusal === undefined
      ? target.canonical
      : renderRawTarget(request.rawTarget, limits.target, target !== undefined);
  const record: Draft<Partial<DecisionEvent>> = { event: 'decision', request_id: request.id };
  if (clientAddress) record.client_ip = clientAddress.text;
  record.peer_ip = parsePeerAddress(request.peerAddress)?.text ?? 'unknown';
  if (principal) renderPrincipal(principal, record);
  record.method = renderPrintable(request.method, 16);
  record.target = shown;
  if (target) renderKey(target, record);
  if (content) renderContent(request.method, content, record);
  record.decision = refusal === undefined ? 'allow' : 'deny';
  record.reason = refusal?.reason ?? 'ok';
  if (refusal === undefined) renderObservation(wouldDeny, record);
  if (refusal?.detail) record.detail = renderSentence(refusal.detail, MAX_DETAIL_BYTES);
  if (userAgent) record.user_agent = renderSentence(userAgent, limits.userAgent);
  return record as DecisionEvent; // with all that it must have
}

function renderPrincipal(
  { team, credential, scheme, subject }: Principal,
  into: Draft<Partial<DecisionEvent>>,
): void {
  into.team = team;
  into.credential = credential;
  into.scheme = scheme;
  if (subject !== undefined) into.subject = subject;
}

/** The first of what an enforcing team would have been refused for. */
function renderObservation([first]: readonly Deny[], into: Draft<Partial<DecisionEvent>>): void {
  if (first === undefined) return;
  into.mode = 'observe';
  into.would_deny = first.reason;
  into.detail = renderSentence(first.detail ?? REASONS[first.reason].title, MAX_DETAIL_BYTES);
}

function renderKey({ key }: PushTarget, into: Draft<Partial<DecisionEvent>>): void {
  into.job = key.job;
  into.grouping_key = labelsByName(key.labels);
}

/** What is recorded of a body that was understood. */
export function describeContent(
  { bodyBytes, decodedBytes }: Pick<ContentFacts, 'bodyBytes' | 'decodedBytes'>,
  content: PushContent,
) {
  const { series, labelNames } = content;
  const families = content.families.map(({ name }) => name);
  return { bodyBytes, decodedBytes, series, families, labelNames };
}

function renderContent(
  method: string,
  content: ContentFacts,
  into: Draft<Partial<DecisionEvent>>,
): void {
  const { bodyBytes, decodedBytes, series, families = [], labelNames = [], adopted = [] } = content;
  const moreFamilies = families.length - MAX_NAMES;
  const moreLabels = labelNames.length - MAX_NAMES;
  into.body_bytes = bodyBytes;
  into.decoded_bytes = decodedBytes;
  if (series !== undefined) into.series = series;
  if (adopted.length > 0) into.adopted = adopted.slice(0, MAX_NAMES);
  if (families.length > 0)
    into.families = moreFamilies > 0 ? families.slice(0, MAX_NAMES) : families;
  if (moreFamilies > 0) into.families_more = moreFamilies;
  if (labelNames.length > 0)
    into.label_names = moreLabels > 0 ? labelNames.slice(0, MAX_NAMES) : labelNames;
  if (moreLabels > 0) into.label_names_more = moreLabels;
  if (method === 'PUT' && series === 0) into.empties_group = true;
}
