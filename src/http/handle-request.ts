import type { Request, RequestHandler, Response } from 'express';
import { type Decision, type Deny, deny } from '../core/decision.ts';
import { renderSource } from '../core/network/ip-address.ts';
import { REASONS, type Reason } from '../core/reason.ts';
import { denyFor } from '../core/refusal.ts';
import { renderRawTarget } from '../core/request/raw-target.ts';
import type { Admission } from '../pipeline/admission.ts';
import { admit } from '../pipeline/admit.ts';
import { type AuditTrail, createAuditTrail, type Facts } from '../pipeline/audit-trail.ts';
import { forward } from '../pipeline/forward.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import { findProxiedClient } from '../pipeline/locate-client.ts';
import type { TeamActivity } from '../pipeline/ports/team-activity.ts';
import type { OperationalLog, RequestObserver } from '../pipeline/ports.ts';
import { RequestScope } from '../pipeline/request-scope.ts';
import type { ClientCertificates } from './client-certificates.ts';
import { handleGroups } from './handle-groups.ts';
import { receive } from './receive.ts';
import { createRefusalLog } from './refusal-log.ts';
import { type RefusalPace, UPLOAD_WEIGHT } from './refusal-pace.ts';
import type { Responder } from './respond.ts';
import type { UnprovedClients } from './unproved-clients.ts';

interface RequestHandlerOptions {
  readonly gateway: Gateway;
  readonly responder: Responder;
  readonly observer: RequestObserver;
  readonly activity: TeamActivity;
  readonly log: OperationalLog;
  readonly createRequestId: () => string;
  readonly pace: RefusalPace;
  readonly unproved: UnprovedClients;
  readonly certificates: Pick<ClientCertificates, 'of'>;
}

/** A request with all that belongs to it until it is answered. */
interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly request: GatewayRequest;
  readonly trail: AuditTrail;
  refusal?: Deny;
}

/**
 * Takes a request through its whole life: admitted, forwarded, answered, audited, counted. Never
 * rejects: what breaks on the way is answered `internal_error`.
 */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { gateway, responder, observer, activity, log, createRequestId, certificates, pace } =
    options;
  const logRefusal = createRefusalLog(log, gateway.clock);

  const refuse = (exchange: Exchange, refusal: Deny): void => {
    const { req, res, request, trail } = exchange;
    // A deadline that ends an exchange also breaks its connection: the first word counts.
    if (exchange.refusal !== undefined && res.headersSent) return;
    exchange.refusal = refusal;
    logRefusal(request.id, trail.facts, refusal);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const { challenges, ui } = gateway.snapshot();
    responder.refuse(res, refusal, {
      requestId: request.id,
      accept: req.headers.accept,
      challenges,
      contact: ui?.contact,
    });
  };

  const fail = (exchange: Exchange, error: unknown): void => {
    const refusal = denyFor(error);
    const { request, trail } = exchange;
    if (refusal.reason === 'internal_error') {
      log.error('internal_error', { request_id: request.id, error });
    }
    trail.recordInPassing(refusal);
    refuse(exchange, refusal);
  };

  return async (req, res) => {
    observer.begin();
    const arrivedAt = gateway.clock.monotonic();
    const request = receive(req, res, createRequestId(), certificates.of(req.socket));
    const trail = createAuditTrail(request, gateway.audit, gateway.clock);
    const exchange: Exchange = { req, res, request, trail };
    using scope = new RequestScope();
    try {
      const admission = await decide(exchange, options, scope);
      if (admission.effect === 'deny') {
        await pace.turn(sourceOf(trail.facts, request), req.complete ? 1 : UPLOAD_WEIGHT);
        trail.recordInPassing(admission);
        refuse(exchange, admission);
      } else {
        const reasons = listWouldRefuse(trail);
        if (reasons.length > 0) res.setHeader('X-Push-Would-Refuse', reasons.join(', '));
        await serve(admission.value, exchange, responder, (refusal) => refuse(exchange, refusal));
      }
    } catch (error) {
      fail(exchange, error);
    }
    const { facts } = trail;
    noteActivity(activity, exchange);
    observer.end({
      team: facts.principal?.team ?? '',
      ...(facts.principal && { credential: facts.principal.credential }),
      method: request.method,
      status: res.statusCode,
      ...(exchange.refusal && { reason: exchange.refusal.reason }),
      wouldRefuse: exchange.refusal === undefined ? listWouldRefuse(trail) : [],
      ...(facts.content && { bodyBytes: facts.content.decodedBytes }),
      durationMs: gateway.clock.monotonic() - arrivedAt,
    });
  };
}

const MAX_TARGET_BYTES = 256;

function noteActivity(activity: TeamActivity, { request, trail, refusal }: Exchange): void {
  const { principal, target, clientAddress } = trail.facts;
  if (principal === undefined) return;
  const { team, credential } = principal;
  activity.noteUse(team, credential);
  if (refusal === undefined) return;
  activity.noteRefusal({
    team,
    credential,
    method: request.method,
    target: target?.canonical ?? renderRawTarget(request.rawTarget, MAX_TARGET_BYTES),
    reason: refusal.reason,
    detail: refusal.detail ?? REASONS[refusal.reason].title,
    hints: refusal.hints ?? [],
    clientAddress: clientAddress?.text,
    requestId: request.id,
  });
}

function listWouldRefuse({ facts }: AuditTrail): readonly Reason[] {
  return (facts.wouldDeny ?? []).map(({ reason }) => reason);
}

/** Admits a request, unless its client has too many under way. */
async function decide(
  { req, res, request, trail }: Exchange,
  { gateway, unproved }: RequestHandlerOptions,
  scope: RequestScope,
): Promise<Decision<Admission>> {
  const client = unproved.enter(req.socket, findProxiedClient(request, gateway.snapshot()));
  scope.defer(() => client.end());
  if (client.isStale) res.shouldKeepAlive = false;
  if (!client.isCrowded) {
    return await admit({ request, gateway, trail, scope, onProof: client.prove });
  }
  return deny('overloaded', { internal: 'its client has too many requests under way' });
}

/** Whom a refusal counts for: the team, or as much of a client as one has at its command. */
function sourceOf({ principal, clientAddress }: Facts, { peerAddress }: GatewayRequest): string {
  if (principal !== undefined) return `team ${principal.team}`;
  return clientAddress === undefined ? String(peerAddress) : renderSource(clientAddress);
}

async function serve(
  admission: Admission,
  { req, res, request, trail }: Exchange,
  responder: Responder,
  refuse: (refusal: Deny) => void,
): Promise<void> {
  if (admission.kind === 'read') {
    const headers = responder.headers(request.id);
    const { path, scope, expiry, upstream } = admission;
    if (path === '/api/v1/groups') {
      await handleGroups({ store: upstream.store, scope, expiry, request, headers });
      return;
    }
    await upstream.read({ ...admission, path }, { request, headers, refuse });
    return;
  }
  const isClientGone = (): boolean => req.socket.destroyed;
  const forwarded = await forward(admission, { requestId: request.id, trail, isClientGone });
  if (forwarded.effect === 'deny') {
    refuse(forwarded);
    return;
  }
  if (forwarded.value.isSpooled) res.setHeader('X-Push-Spooled', 'true');
  responder.succeed(res, forwarded.value.status, request.id);
}
