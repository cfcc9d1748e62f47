import { allow, type Decision, deny } from '../core/decision.ts';
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
import type { Arrival, KnownArrival } from './arrival.ts';
import { describeContent } from './audit-trail.ts';
import { authenticate } from './authenticate.ts';
import { checkArrival } from './check-arrival.ts';
import { claimGroup, declareTypes, holdClaim, senderOf } from './claim-group.ts';
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
export async function admit(arrival: Arrival): Promise<Decision<Admission>> {
  const { request, gateway, trail } = arrival;
  const snapshot = gateway.snapshot();
  const at = beginChecks(arrival.onCheck);
  const arrived = checkArrival(arrival, snapshot, at);
  if (arrived.effect === 'deny') return arrived;

  const principal = at('credential', await authenticate(request, arrived.value.address, snapshot));
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
  const { scope } = arrival;
  const { address, framing } = arrived.value;
  const known = {
    request,
    gateway,
    trail,
    scope,
    address,
    framing,
    at,
    snapshot,
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

async function admitPush(arrival: KnownArrival): Promise<Decision<PushAdmission>> {
  const { at, request, gateway, trail, team } = arrival;
  const target = admitTarget(arrival, 'push');
  if (target.effect === 'deny') return target;

  const declaration = checkDeclaredBody(request.headers, arrival.framing, team.limits);
  const declared = at('declared_body', declaration);
  if (declared.effect === 'deny') return declared;

  const entered = at('team_limits', await enterTeam(arrival));
  if (entered.effect === 'deny') return entered;

  const lease = arrival.scope.use(gateway.byteBudget.open());
  const { bodyTimeoutMs: timeoutMs, bodyChunks: maxChunks } = arrival.snapshot;
  const bounds = { maxBytes: team.limits.body, maxChunks, timeoutMs, lease };
  const read = at(
    'body',
    await readBody(request, declared.value, bounds, team.limits, gateway.decoders),
  );
  if (read.effect === 'deny') return read;
  const { body, bodyBytes } = read.value;
  const { mediaType } = declared.value;
  const sent = { bodyBytes, decodedBytes: body.byteLength };
  trail.learn({ content: sent });

  const { parseContent: parse, pause } = gateway;
  const push = { method: request.method, key: target.value.key, mediaType, body };
  const { passes } = arrival.observation;
  const content = at('content', await inspectBody(push, team, { parse, pause, passes }));
  if (content.effect === 'deny') return content;
  const described = describeContent(sent, content.value);
  trail.learn({ content: described });

  const method = request.method === 'PUT' ? 'PUT' : 'POST';
  const picked = await pickUpstream(arrival, target.value, 'push');
  if (picked.effect === 'deny') return at('store', picked);
  const upstream = picked.value;
  const known = await upstream.whenKnown(team.limits.waitMs);
  if (known.effect === 'deny') return at('store', known);
  const understood = { method, target: target.value, content: content.value } as const;
  const claim = at('store', await claimGroup(arrival, upstream, understood));
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

/** The one that the request goes to, until its end: never to be picked again. Its group stays there. */
function pickUpstream(
  { gateway, team, scope }: KnownArrival,
  { canonical: id, key }: PushTarget,
  action: 'push' | 'delete',
): MaybePromise<Decision<Upstream>> {
  return andThen(gateway.enterGroup(id, team.limits.waitMs), (entered) => {
    if (entered.effect === 'deny') return entered;
    scope.use(entered.value);
    return allow(scope.use(gateway.upstream(team.name, { id, job: key.job, action })));
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
