import { allow, type Decision, deny } from '../core/decision.ts';
import type { PushEnd } from '../core/exposition/families.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import type { PushContent } from '../core/exposition/push-content.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { authorize, type TeamPolicy } from '../core/policy/policy.ts';
import { checkCrossSite } from '../core/request/cross-site.ts';
import { parseEndpoint, type ReadPath } from '../core/request/endpoint.ts';
import { checkFraming, type Framing } from '../core/request/framing.ts';
import { type PushTarget, parsePushTarget } from '../core/target/push-target.ts';
import type { AuditTrail } from './audit-trail.ts';
import { authenticate } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { inspectBody } from './inspect-body.ts';
import { checkNetworks, locateClient } from './locate-client.ts';
import { checkDeclaredBody, readBody } from './read-body.ts';
import type { Snapshot } from './snapshot.ts';

/** What a request may do, with everything that is needed to do it. */
export type Admission = ReadAdmission | PushAdmission | DeleteAdmission;

export interface ReadAdmission {
  readonly kind: 'read';
  readonly path: ReadPath;
  /** When the upstream's answer must have ended, on the monotonic clock. */
  readonly deadline: number;
}

export interface DeleteAdmission {
  readonly kind: 'delete';
  readonly target: PushTarget;
  readonly deadline: number;
  /** To be called with what came of it. */
  readonly settle: (end: PushEnd) => void;
}

export interface PushAdmission {
  readonly kind: 'push';
  readonly method: 'POST' | 'PUT';
  readonly target: PushTarget;
  readonly mediaType: MediaType;
  /** Decoded, and understood in full. */
  readonly body: Uint8Array;
  readonly deadline: number;
  /** To be called with what came of it. */
  readonly settle: (end: PushEnd) => void;
}

/** A request on its way. */
export interface Visit {
  readonly request: GatewayRequest;
  readonly gateway: Gateway;
  readonly trail: AuditTrail;
  /** Gives back what the request holds, at its very end. */
  readonly scope: DisposableStack;
}

/** A request whose sender is known. */
interface KnownVisit extends Visit {
  readonly snapshot: Snapshot;
  readonly team: TeamPolicy;
  readonly address: IpAddress;
  readonly framing: Framing;
}

/**
 * Decides about a request. The order of the steps is the security property: nobody learns anything
 * before a credential is proved, and no body is read before everything else allows the push. The
 * first step that denies ends it.
 */
export async function admit(visit: Visit): Promise<Decision<Admission>> {
  const { request, gateway, trail } = visit;
  const snapshot = gateway.snapshot();
  if (gateway.isDraining()) return deny('draining');

  const framing = checkFraming(request.head);
  if (framing.effect === 'deny') return framing;

  const address = locateClient(request, snapshot);
  if (address.effect === 'deny') return address;
  trail.learn({ clientAddress: address.value });

  const reachable = checkNetworks(address.value, snapshot);
  if (reachable.effect === 'deny') return reachable;

  const principal = await authenticate(request, address.value, snapshot.authenticators);
  if (principal.effect === 'deny') return principal;
  trail.learn({ principal: principal.value });

  const direct = checkCrossSite(request.method, request.headers);
  if (direct.effect === 'deny') return direct;

  const endpoint = parseEndpoint(request.method, request.rawTarget);
  if (endpoint.effect === 'deny') return endpoint;

  const team = snapshot.policy.team(principal.value.team);
  if (team === undefined) return deny('internal_error', { internal: 'a team without a policy' });

  const known = { ...visit, snapshot, team, address: address.value, framing: framing.value };
  switch (endpoint.value.action) {
    case 'read':
      return admitRead(known, endpoint.value.path);
    case 'delete':
      return admitDelete(known);
    case 'push':
      return admitPush(known);
  }
}

function admitRead(visit: KnownVisit, path: ReadPath): Decision<ReadAdmission> {
  const authorized = authorize(visit.team, { action: 'read', address: visit.address });
  if (authorized.effect === 'deny') return authorized;
  // Streamed to the upstream behind a request without a length, it would be a request of its own.
  if (visit.framing.contentLength !== 0) return deny('request_malformed', 'a read takes no body');

  visit.trail.recordInPassing();
  return allow({ kind: 'read', path, deadline: startDeadline(visit) });
}

async function admitDelete(visit: KnownVisit): Promise<Decision<DeleteAdmission>> {
  const target = admitTarget(visit, 'delete');
  if (target.effect === 'deny') return target;

  const entered = await enterTeam(visit);
  if (entered.effect === 'deny') return entered;

  const recorded = await visit.trail.recordAllowed();
  if (recorded.effect === 'deny') return recorded;
  const families = visit.gateway.families();
  const settle = (end: PushEnd): void => {
    if (end === 'stored') families.forget(target.value.canonical);
  };
  return allow({ kind: 'delete', target: target.value, deadline: startDeadline(visit), settle });
}

async function admitPush(visit: KnownVisit): Promise<Decision<PushAdmission>> {
  const { request, gateway, trail, team } = visit;
  const target = admitTarget(visit, 'push');
  if (target.effect === 'deny') return target;

  const declared = checkDeclaredBody(request.headers, visit.framing, team.limits);
  if (declared.effect === 'deny') return declared;

  const entered = await enterTeam(visit);
  if (entered.effect === 'deny') return entered;

  const lease = visit.scope.use(gateway.byteBudget.open());
  const bounds = { maxBytes: team.limits.body, timeoutMs: visit.snapshot.bodyTimeoutMs, lease };
  const read = await readBody(request, declared.value, bounds, team.limits, gateway.decoders);
  if (read.effect === 'deny') return read;
  const { body, bodyBytes } = read.value;
  const { mediaType } = declared.value;
  const sent = { bodyBytes, decodedBytes: body.byteLength };
  trail.learn({ content: sent });

  const content = inspectBody(body, mediaType, team, target.value.key);
  if (content.effect === 'deny') return content;
  trail.learn({ content: { ...sent, series: content.value.series } });

  const method = request.method === 'PUT' ? 'PUT' : 'POST';
  const settle = claimFamilies(visit, method, target.value, content.value);
  if (settle.effect === 'deny') return settle;

  const recorded = await trail.recordAllowed();
  if (recorded.effect === 'deny') return recorded;
  return allow({
    kind: 'push',
    method,
    target: target.value,
    mediaType,
    body,
    deadline: startDeadline(visit),
    settle: settle.value,
  });
}

/** The grouping key that Pushgateway would store, and whether the team may touch it. */
function admitTarget(visit: KnownVisit, action: 'push' | 'delete'): Decision<PushTarget> {
  const { request, trail, team, address } = visit;
  const target = parsePushTarget(request.rawTarget, { emptyValues: action === 'delete' });
  if (target.effect === 'deny') return target;
  trail.learn({ target: target.value });

  const authorized = authorize(team, { action, address, key: target.value.key });
  return authorized.effect === 'deny' ? authorized : target;
}

/** Holds the push's families against the store, and keeps others off them until it has ended. */
function claimFamilies(
  { gateway, team, scope }: KnownVisit,
  method: 'POST' | 'PUT',
  target: PushTarget,
  { families }: PushContent,
): Decision<(end: PushEnd) => void> {
  const push = { group: target.canonical, team: team.name, method, families };
  const claim = gateway.families().claim(push);
  if (claim.effect === 'deny') return claim;
  scope.defer(() => claim.value.settle('refused'));
  return allow((end) => claim.value.settle(end));
}

async function enterTeam({ gateway, team, scope }: KnownVisit): Promise<Decision<undefined>> {
  const entered = await gateway.teamLimiter.enter(team.name, team.limits);
  if (entered.effect === 'deny') return entered;
  scope.use(entered.value);
  return allow(undefined);
}

function startDeadline({ gateway, snapshot }: KnownVisit): number {
  return gateway.clock.monotonic() + snapshot.upstreamTimeoutMs;
}
