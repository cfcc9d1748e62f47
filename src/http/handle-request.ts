import type { Request, RequestHandler, Response } from 'express';
import { type Decision, type Deny, deny } from '../core/decision.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { REASONS, type Reason } from '../core/reason.ts';
import { denyFor } from '../core/refusal.ts';
import { renderRawTarget } from '../core/request/raw-target.ts';
import type { Admission, ReadAdmission } from '../pipeline/admission.ts';
import { admit } from '../pipeline/admit.ts';
import { type AuditTrail, createAuditTrail } from '../pipeline/audit-trail.ts';
import { type ForwardContext, type Forwarded, forward } from '../pipeline/forward.ts';
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
import { type RefusalPaces, sourceOf, weigh } from './refusal-pace.ts';
import type { Responder } from './respond.ts';
import type { UnprovedClients } from './unproved-clients.ts';

interface RequestHandlerOptions {
  readonly gateway: Gateway;
  readonly responder: Responder;
  readonly observer: RequestObserver;
  readonly activity: TeamActivity;
  readonly log: OperationalLog;
  readonly createRequestId: () => string;
  readonly paces: Pick<RefusalPaces, 'unknown' | 'teams'>;
  readonly unproved: UnprovedClients;
  readonly certificates: Pick<ClientCertificates, 'of'>;
}

/** A request with all that belongs to it until it is answered. */
interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly request: GatewayRequest;
  readonly trail: AuditTrail;
  refusal: Deny | undefined;
}

const NO_REASONS: readonly Reason[] = [];

/**
 * Takes a request through its whole life: admitted, forwarded, answered, audited, counted. Never
 * rejects: what breaks on the way is answered `internal_error`.
 */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { gateway, responder, observer, activity, log, certificates } = options;
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

  const answer = (exchange: Exchange, forwarded: Decision<Forwarded>): void => {
    const { res, request } = exchange;
    if (forwarded.effect === 'deny') {
      refuse(exchange, forwarded);
      return;
    }
    if (forwarded.value.isSpooled) res.setHeader('X-Push-Spooled', 'true');
    responder.succeed(res, forwarded.value.status, request.id);
  };

  return async (req, res) => {
    observer.begin();
    const arrivedAt = gateway.clock.monotonic();
    const request = receive(req, res, options.createRequestId(), certificates.of(req.socket));
    const trail = createAuditTrail(request, gateway.audit, gateway.clock);
    const exchange: Exchange = { req, res, request, trail, refusal: undefined };
    const client = options.unproved.enter(
      req.socket,
      findProxiedClient(request, gateway.snapshot()),
    );
    const scope = new RequestScope();
    try {
      const admission = await decide(exchange, gateway, client, scope);
      if (admission.effect === 'deny') {
        scope[Symbol.dispose](); // who waits to be refused keeps nothing from others
        await waitTurn(exchange, options.paces);
        trail.recordInPassing(admission);
        refuse(exchange, admission);
      } else {
        const reasons = listWouldRefuse(trail);
        if (reasons.length > 0) res.setHeader('X-Push-Would-Refuse', reasons.join(', '));
        const { value } = admission;
        if (value.kind === 'read') await serveRead(value, exchange, responder, refuse);
        else answer(exchange, await forward(value, contextOf(exchange)));
      }
    } catch (error) {
      fail(exchange, error);
    } finally {
      scope[Symbol.dispose](); // `using` compiles to calls that cost every request
      client.end();
    }
    noteActivity(activity, exchange);
    observer.end(describe(exchange, gateway.clock.monotonic() - arrivedAt));
  };
}

/** What there is to count of a request that has ended. */
function describe(
  { request, res, trail, refusal }: Exchange,
  durationMs: number,
): Parameters<RequestObserver['end']>[0] {
  const { principal, content } = trail.facts;
  return {
    team: principal?.team ?? '',
    credential: principal?.credential,
    method: request.method,
    status: res.statusCode,
    reason: refusal?.reason,
    wouldRefuse: refusal === undefined ? listWouldRefuse(trail) : NO_REASONS,
    bodyBytes: content?.decodedBytes,
    durationMs,
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
  const { wouldDeny = [] } = facts;
  return wouldDeny.length === 0 ? NO_REASONS : wouldDeny.map(({ reason }) => reason);
}

/** Admits a request, unless its client has too many under way. */
function decide(
  { res, request, trail }: Exchange,
  gateway: Gateway,
  client: ReturnType<UnprovedClients['enter']>,
  scope: RequestScope,
): MaybePromise<Decision<Admission>> {
  if (client.isStale) res.shouldKeepAlive = false;
  return client.isCrowded
    ? deny('overloaded', { internal: 'its client has too many requests under way' })
    : admit({ request, gateway, trail, scope, onProof: client.prove });
}

function contextOf({ req, request, trail }: Exchange): ForwardContext {
  return { requestId: request.id, trail, isClientGone: () => req.socket.destroyed };
}

/** A refusal counts for the team, or for whoever is unknown. */
function waitTurn(
  { req, request, trail }: Exchange,
  { unknown, teams }: RequestHandlerOptions['paces'],
): Promise<unknown> {
  const { principal, clientAddress } = trail.facts;
  const weight = weigh(req);
  if (principal !== undefined && principal.scheme !== 'none') {
    return teams.turn(principal.team, weight);
  }
  return unknown.turn(sourceOf(clientAddress, request.peerAddress), weight);
}

async function serveRead(
  admission: ReadAdmission,
  exchange: Exchange,
  responder: Responder,
  refuse: (exchange: Exchange, refusal: Deny) => void,
): Promise<void> {
  const { request } = exchange;
  const headers = responder.headers(request.id);
  const { path, scope, expiry, upstream } = admission;
  if (path === '/api/v1/groups') {
    await handleGroups({ store: upstream.store, scope, expiry, request, headers });
    return;
  }
  const give = { request, headers, refuse: (refusal: Deny): void => refuse(exchange, refusal) };
  await upstream.read({ ...admission, path }, give);
}
