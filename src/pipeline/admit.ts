import { allow, type Decision, deny } from '../core/decision.ts';
import type { Principal } from '../core/identity/principal.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import { createObservation } from '../core/policy/observation.ts';
import { authorize } from '../core/policy/policy.ts';
import { resolveReadScope } from '../core/policy/read-scope.ts';
import { beginChecks } from '../core/request/checks.ts';
import { checkCrossSite } from '../core/request/cross-site.ts';
import { parseEndpoint, type ReadEndpoint } from '../core/request/endpoint.ts';
import type { Framing } from '../core/request/framing.ts';
import { expiryOf } from '../core/store/expiry.ts';
import { type PushTarget, parsePushTarget } from '../core/target/push-target.ts';
import type { Admission, DeleteAdmission, PushAdmission, ReadAdmission } from './admission.ts';
import type { Arrival, ArrivalPlace, KnownArrival } from './arrival.ts';
import { describeContent } from './audit-trail.ts';
import { authenticate } from './authenticate.ts';
import { checkArrival } from './check-arrival.ts';
import { claimGroup, declareTypes, holdClaim, senderOf } from './claim-group.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { inspectBody } from './inspect-body.ts';
import type { Upstream } from './ports/upstream.ts';
import { checkDeclaredBody, readBody } from './read-body.ts';

/** Of a body that nobody reads yet, what is in memory at most. */
const MAX_HELD_BYTES = 64 * 1024;

/**
 * Decides about a request. The order of the checks is the security property, and is that of the
 * table `CHECKS`: nobody learns anything before a credential is proved, and no body is read before
 * everything else allows the push. The first check that denies ends it.
 */
export function admit(arrival: Arrival): MaybePromise<Decision<Admission>> {
  const { request, gateway } = arrival;
  const snapshot = gateway.snapshot();
  const at = beginChecks(arrival.onCheck);
  const arrived = checkArrival(arrival, snapshot, at);
  if (arrived.effect === 'deny') return arrived;

  const { address, framing } = arrived.value;
  const place = { at, snapshot, address, framing };
  const proving = authenticate(request, address, snapshot);
  return andThen(proving, (proved) => admitPrincipal(arrival, place, at('credential', proved)));
}

function admitPrincipal(
  arrival: Arrival,
  { at, snapshot, address, framing }: ArrivalPlace,
  principal: Decision<Principal>,
): MaybePromise<Decision<Admission>> {
  const { request, gateway, trail, scope } = arrival;
  if (principal.effect === 'deny') {
    if (principal.principal !== undefined) trail.learn({ principal: principal.principal });
    return principal;
  }
  trail.learn({ principal: principal.value });
  if (principal.value.scheme !== 'none') arrival.onProof?.();

  const direct = at('cross_site', checkCrossSite(request.method, request.headers));
  if (direct.effect === 'deny') return direct;

  const endpoint = at('endpoint', parseEndpoint(request.method, request.rawTarget));
  if (endpoint.effect === 'deny') return endpoint;

  const team = snapshot.policy.team(principal.value.team);
  if (team === undefined) return deny('internal_error', { internal: 'a team without a policy' });

  const observation = createObservation(team.mode);
  trail.learn({ wouldDeny: observation.wouldDeny });
  const known: KnownArrival = {
    request,
    gateway,
    trail,
    scope,
    at,
    snapshot,
    address,
    framing,
    team,
    observation,
  };
  switch (endpoint.value.action) {
    case 'read':
      return admitRead(known, endpoint.value);
    case 'delete':
      return admitDelete(known);
    case 'push':
      return admitPush(known);
  }
}

function admitRead(arrival: KnownArrival, endpoint: ReadEndpoint): Decision<ReadAdmission> {
  const { at, team, address, framing, observation } = arrival;
  const { passes } = observation;
  const authorized = authorize(team, { action: 'read', address }, { onCheck: at, passes });
  if (authorized.effect === 'deny') return authorized;

  const bare = at('no_body', checkNoBody(framing));
  if (bare.effect === 'deny') return bare;

  const { gateway } = arrival;
  const reading =
    endpoint.upstream === undefined
      ? allow(gateway.reading(team))
      : gateway.readingOf(endpoint.upstream, team);
  if (reading.effect === 'deny') return reading;
  const upstream = arrival.scope.use(reading.value);
  arrival.trail.recordInPassing();
  const scope = resolveReadScope(team);
  const expiry = expiryOf(arrival.snapshot.policy.team);
  const deadline = startDeadline(arrival, upstream);
  return allow({ kind: 'read', upstream, path: endpoint.path, scope, expiry, deadline });
}

async function admitDelete(arrival: KnownArrival): Promise<Decision<DeleteAdmission>> {
  const { at, trail } = arrival;
  const target = admitTarget(arrival, 'delete');
  if (target.effect === 'deny') return target;

  const entered = at('team_limits', await enterTeam(arrival));
  if (entered.effect === 'deny') return entered;

  const picked = at('store', await pickUpstream(arrival, target.value, 'delete'));
  if (picked.effect === 'deny') return picked;
  const upstream = picked.value;
  const recorded = at('audit', await trail.recordAllowed());
  if (recorded.effect === 'deny') return recorded;
  const claim = holdClaim(arrival, await upstream.store.claimDelete(target.value.canonical));
  const deadline = startDeadline(arrival, upstream);
  const sender = senderOf(arrival);
  return allow({ kind: 'delete', upstream, target: target.value, deadline, sender, claim });
}

/** Mostly all of it is known at once: nothing but promises is awaited. */
async function admitPush(arrival: KnownArrival): Promise<Decision<PushAdmission>> {
  const { at, request, gateway, trail, team } = arrival;
  const target = admitTarget(arrival, 'push');
  if (target.effect === 'deny') return target;

  const declaration = checkDeclaredBody(request.headers, arrival.framing, team.limits);
  const declared = at('declared_body', declaration);
  if (declared.effect === 'deny') return declared;

  const entering = enterTeam(arrival);
  const entered = at('team_limits', entering instanceof Promise ? await entering : entering);
  if (entered.effect === 'deny') return entered;

  const lease = arrival.scope.use(gateway.byteBudget.open());
  const { bodyTimeoutMs: timeoutMs, bodyChunks: maxChunks } = arrival.snapshot;
  const bounds = { maxBytes: team.limits.body, maxChunks, timeoutMs, lease };
  const reading = readBody(request, declared.value, bounds, team.limits, gateway.decoders);
  const read = at('body', reading instanceof Promise ? await reading : reading);
  if (read.effect === 'deny') return read;
  const { body, bodyBytes } = read.value;
  const { mediaType } = declared.value;
  const sent = { bodyBytes, decodedBytes: body.byteLength };
  trail.learn({ content: sent });

  const { parseContent: parse, pause } = gateway;
  const push = { method: request.method, key: target.value.key, mediaType, body };
  const { passes } = arrival.observation;
  const inspecting = inspectBody(push, team, { parse, pause, passes });
  const content = at('content', inspecting instanceof Promise ? await inspecting : inspecting);
  if (content.effect === 'deny') return content;
  const described = describeContent(sent, content.value);
  trail.learn({ content: described });

  const picking = pickUpstream(arrival, target.value, 'push');
  const picked = picking instanceof Promise ? await picking : picking;
  if (picked.effect === 'deny') return at('store', picked);
  const upstream = picked.value;
  const method = methodOf(request);
  const understood = { method, target: target.value, content: content.value };
  const claiming = claimGroup(arrival, upstream, understood);
  const claim = at('store', claiming instanceof Promise ? await claiming : claiming);
  if (claim.effect === 'deny') return claim;
  const { adopted } = claim.value;
  if (adopted.length > 0) {
    trail.learn({ content: { ...described, adopted: adopted.map(({ name }) => name) } });
  }

  const recorded = at('audit', await trail.recordAllowed());
  if (recorded.effect === 'deny') return recorded;
  return allow({
    kind: 'push',
    upstream,
    method,
    target: target.value,
    mediaType,
    body: declareTypes(content.value.rewritten ?? body, adopted),
    families: described.families,
    deadline: startDeadline(arrival, upstream),
    sender: senderOf(arrival),
    claim: claim.value,
  });
}

/** The grouping key that Pushgateway would store, and whether the team may touch it. */
function admitTarget(arrival: KnownArrival, action: 'push' | 'delete'): Decision<PushTarget> {
  const { at, request, trail, team, address } = arrival;
  const options = { emptyValues: action === 'delete' };
  const target = at('target', parsePushTarget(request.rawTarget, options));
  if (target.effect === 'deny') return target;
  trail.learn({ target: target.value });

  const { passes } = arrival.observation;
  const attributes = { action, address, key: target.value.key };
  const authorized = authorize(team, attributes, { onCheck: at, passes });
  return authorized.effect === 'deny' ? authorized : target;
}

/** Streamed to the upstream behind a request without a length, it would be a request of its own. */
function checkNoBody({ contentLength }: Framing): Decision<undefined> {
  return contentLength === 0 ? allow(undefined) : deny('request_malformed', 'a read takes no body');
}

function methodOf({ method }: GatewayRequest): PushAdmission['method'] {
  return method === 'PUT' ? 'PUT' : 'POST';
}

/**
 * The one that the request goes to, until its end: never to be picked again. Its group stays there. A
 * push has to be held against what is stored there, and waits until that is known.
 */
function pickUpstream(
  { gateway, team, scope }: KnownArrival,
  { canonical: id, key }: PushTarget,
  action: 'push' | 'delete',
): MaybePromise<Decision<Upstream>> {
  return andThen(gateway.enterGroup(id, team.limits.waitMs), (entered) => {
    if (entered.effect === 'deny') return entered;
    scope.use(entered.value);
    const upstream = scope.use(gateway.upstream(team.name, { id, job: key.job, action }));
    if (action === 'delete') return allow(upstream);
    const knowing = upstream.whenKnown(team.limits.waitMs);
    return andThen(knowing, (known) => (known.effect === 'deny' ? known : allow(upstream)));
  });
}

function enterTeam(arrival: KnownArrival): MaybePromise<Decision<undefined>> {
  const { gateway, request, team, scope, framing, address, trail } = arrival;
  const unproved = trail.facts.principal?.scheme === 'none' ? address : undefined;
  const bytes = Math.min(framing.contentLength ?? MAX_HELD_BYTES, MAX_HELD_BYTES);
  const { passes } = arrival.observation;
  const guest = { passes, bytes, unproved, onLeave: request.onLeave };
  const entering = gateway.teamLimiter.enter(team.name, team.limits, guest);
  return andThen(entering, (entered) => {
    if (entered.effect === 'deny') return entered;
    scope.use(entered.value);
    return allow(undefined);
  });
}

function startDeadline(
  { gateway }: KnownArrival,
  { timeoutMs }: Pick<Upstream, 'timeoutMs'>,
): number {
  return gateway.clock.monotonic() + timeoutMs;
}
