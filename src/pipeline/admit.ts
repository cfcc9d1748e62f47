import { allow, type Decision, deny } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import type { PushContent } from '../core/exposition/push-content.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { authorize, type TeamPolicy } from '../core/policy/policy.ts';
import { checkCrossSite } from '../core/request/cross-site.ts';
import { parseEndpoint, type ReadPath } from '../core/request/endpoint.ts';
import { checkFraming, type Framing } from '../core/request/framing.ts';
import type { PushEnd } from '../core/store/group-store.ts';
import { type PushTarget, parsePushTarget } from '../core/target/push-target.ts';
import type { AuditTrail } from './audit-trail.ts';
import { authenticate } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { inspectBody } from './inspect-body.ts';
import { checkNetworks, locateClient } from './locate-client.ts';
import type { Upstream, UpstreamRead } from './ports.ts';
import { checkDeclaredBody, readBody } from './read-body.ts';
import type { Snapshot } from './snapshot.ts';

/** What a request may do, with everything that is needed to do it. */
export type Admission = ReadAdmission | PushAdmission | DeleteAdmission;

interface ReadAdmission extends UpstreamRead {
  readonly kind: 'read';
  readonly upstream: Upstream;
}

export interface DeleteAdmission {
  readonly kind: 'delete';
  readonly upstream: Upstream;
  readonly target: PushTarget;
  /** When the upstream's answer must have ended, on the monotonic clock. */
  readonly deadline: number;
  /** To be called with what came of it. */
  readonly settle: (end: PushEnd) => Promise<void>;
}

export interface PushAdmission {
  readonly kind: 'push';
  readonly upstream: Upstream;
  readonly method: 'POST' | 'PUT';
  readonly target: PushTarget;
  readonly mediaType: MediaType;
  /** Decoded, and understood in full. */
  readonly body: Uint8Array;
  readonly deadline: number;
  /** To be called with what came of it. */
  readonly settle: (end: PushEnd) => Promise<void>;
}

/** A request on its way. */
export interface Arrival {
  readonly request: GatewayRequest;
  readonly gateway: Gateway;
  readonly trail: AuditTrail;
  /** Gives back what the request holds, at its very end. */
  readonly scope: DisposableStack;
}

/** A request whose sender is known. */
interface KnownArrival extends Arrival {
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
export async function admit(arrival: Arrival): Promise<Decision<Admission>> {
  const { request, gateway, trail } = arrival;
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

  const known = { ...arrival, snapshot, team, address: address.value, framing: framing.value };
  switch (endpoint.value.action) {
    case 'read':
      return admitRead(known, endpoint.value.path);
    case 'delete':
      return admitDelete(known);
    case 'push':
      return admitPush(known);
  }
}

function admitRead(arrival: KnownArrival, path: ReadPath): Decision<ReadAdmission> {
  const authorized = authorize(arrival.team, { action: 'read', address: arrival.address });
  if (authorized.effect === 'deny') return authorized;
  // Streamed to the upstream behind a request without a length, it would be a request of its own.
  if (arrival.framing.contentLength !== 0) return deny('request_malformed', 'a read takes no body');

  const upstream = pickUpstream(arrival);
  arrival.trail.recordInPassing();
  return allow({ kind: 'read', upstream, path, deadline: startDeadline(arrival) });
}

async function admitDelete(arrival: KnownArrival): Promise<Decision<DeleteAdmission>> {
  const target = admitTarget(arrival, 'delete');
  if (target.effect === 'deny') return target;

  const entered = await enterTeam(arrival);
  if (entered.effect === 'deny') return entered;

  const upstream = pickUpstream(arrival, target.value);
  const recorded = await arrival.trail.recordAllowed();
  if (recorded.effect === 'deny') return recorded;
  const claim = await upstream.store.claimDelete(target.value.canonical);
  arrival.scope.defer(() => void claim.settle('refused'));
  const settle = (end: PushEnd): Promise<void> => claim.settle(end);
  const deadline = startDeadline(arrival);
  return allow({ kind: 'delete', upstream, target: target.value, deadline, settle });
}

async function admitPush(arrival: KnownArrival): Promise<Decision<PushAdmission>> {
  const { request, gateway, trail, team } = arrival;
  const target = admitTarget(arrival, 'push');
  if (target.effect === 'deny') return target;

  const declared = checkDeclaredBody(request.headers, arrival.framing, team.limits);
  if (declared.effect === 'deny') return declared;

  const entered = await enterTeam(arrival);
  if (entered.effect === 'deny') return entered;

  const lease = arrival.scope.use(gateway.byteBudget.open());
  const bounds = { maxBytes: team.limits.body, timeoutMs: arrival.snapshot.bodyTimeoutMs, lease };
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
  const upstream = pickUpstream(arrival, target.value);
  const push = { method, target: target.value, content: content.value } as const;
  const settle = await claimGroup(arrival, upstream, push);
  if (settle.effect === 'deny') return settle;

  const recorded = await trail.recordAllowed();
  if (recorded.effect === 'deny') return recorded;
  return allow({
    kind: 'push',
    upstream,
    method,
    target: target.value,
    mediaType,
    body,
    deadline: startDeadline(arrival),
    settle: settle.value,
  });
}

/** The grouping key that Pushgateway would store, and whether the team may touch it. */
function admitTarget(arrival: KnownArrival, action: 'push' | 'delete'): Decision<PushTarget> {
  const { request, trail, team, address } = arrival;
  const target = parsePushTarget(request.rawTarget, { emptyValues: action === 'delete' });
  if (target.effect === 'deny') return target;
  trail.learn({ target: target.value });

  const authorized = authorize(team, { action, address, key: target.value.key });
  return authorized.effect === 'deny' ? authorized : target;
}

/** The one that the request goes to, until its end: never to be picked again. */
function pickUpstream({ gateway, team, scope }: KnownArrival, target?: PushTarget): Upstream {
  return scope.use(gateway.upstream(team.name, target?.key.job));
}

interface UnderstoodPush {
  readonly method: 'POST' | 'PUT';
  readonly target: PushTarget;
  readonly content: PushContent;
}

/** Holds the push against the store, and keeps others off what it brings until it has ended. */
async function claimGroup(
  { gateway, team, trail, scope }: KnownArrival,
  { store }: Upstream,
  push: UnderstoodPush,
): Promise<Decision<(end: PushEnd) => Promise<void>>> {
  const credential = trail.facts.principal?.credential ?? '';
  const at = gateway.clock.now();
  const claim = await store.claim({ ...push, team: team.name, credential, at });
  if (claim.effect === 'deny') return claim;
  scope.defer(() => void claim.value.settle('refused'));
  return allow((end) => claim.value.settle(end));
}

async function enterTeam({ gateway, team, scope }: KnownArrival): Promise<Decision<undefined>> {
  const entered = await gateway.teamLimiter.enter(team.name, team.limits);
  if (entered.effect === 'deny') return entered;
  scope.use(entered.value);
  return allow(undefined);
}

function startDeadline({ gateway, snapshot }: KnownArrival): number {
  return gateway.clock.monotonic() + snapshot.upstreamTimeoutMs;
}
