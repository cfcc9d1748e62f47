import { allow, type Decision, deny } from '../../core/decision.ts';
import type { Principal } from '../../core/identity/principal.ts';
import { resolveReadScope } from '../../core/policy/read-scope.ts';
import { renderPrintable } from '../../core/printable.ts';
import { REASONS } from '../../core/reason.ts';
import { expiryOf } from '../../core/store/expiry.ts';
import { labelsOf } from '../../core/store/group-listing.ts';
import { admit } from '../../pipeline/admit.ts';
import { type AuditTrail, createAuditTrail } from '../../pipeline/audit-trail.ts';
import { type Forwarded, forward } from '../../pipeline/forward.ts';
import type { Gateway } from '../../pipeline/gateway.ts';
import type { GatewayRequest } from '../../pipeline/gateway-request.ts';
import { viewGroup } from './create-view.ts';
import {
  assetPaths,
  type Caller,
  type PageExchange,
  redirect,
  sendNotice,
  sendPage,
} from './page-exchange.ts';
import { readForm } from './page-form.ts';
import { isSameOrigin } from './page-origin.ts';
import type { GroupView } from './page-view.ts';
import { renderDelete } from './render-delete.ts';
import { isCsrfOf, type Session } from './sessions.ts';
import { refuseCrossSite } from './sign-in.ts';
import { shorten } from './words.ts';

const NAME_BYTES = 200;

/** Asks whether a group is to be deleted. */
export function showDelete(exchange: PageExchange, caller: Caller): void {
  askAgain(exchange, caller, exchange.query.get('target') ?? '', undefined);
}

/** Deletes a group as a DELETE of the caller would be, if the form is the page's own. */
export async function deleteGroup(exchange: PageExchange, caller: Caller): Promise<void> {
  const { req, origin } = exchange;
  const { principal, session } = caller;
  const form = isSameOrigin(req, origin) ? await readForm(exchange) : undefined;
  if (!session || !form || !isCsrfOf(session, form.get('csrf') ?? '')) {
    refuseCrossSite(exchange);
    return;
  }
  const target = form.get('target') ?? '';
  const group = findGroup(exchange, principal, target);
  const job = group?.job;
  if (job !== undefined && !isConfirmed(job, form.get('confirm') ?? '')) {
    askAgain(exchange, caller, target, 'this is not the job of the group; nothing was deleted');
    return;
  }
  if (job === undefined) {
    refuseUnknown(exchange);
    return;
  }
  await carryOut(exchange, principal, session, target, job);
}

/** By the job, or by what the page shows of one that nobody can type or is too long to. */
function isConfirmed(job: string, typed: string): boolean {
  const text = typed.trim();
  return text === job.trim() || text === shorten(job);
}

async function carryOut(
  exchange: PageExchange,
  principal: Principal,
  session: Session,
  target: string,
  job: string,
): Promise<void> {
  const deleted = await sendDelete(exchange, principal, target);
  if (deleted.effect === 'allow') {
    const end = deleted.value.isSpooled
      ? 'will be deleted once Pushgateway is back'
      : 'was deleted';
    const notice = `The group ${renderPrintable(job, NAME_BYTES)} ${end}.`;
    await exchange.sessions.note(session.id, notice);
    redirect(exchange, './');
    return;
  }
  exchange.refusal = deleted;
  const { status, title } = REASONS[deleted.reason];
  exchange.activity.noteRefusal({
    team: principal.team,
    credential: principal.credential,
    method: 'DELETE',
    target,
    reason: deleted.reason,
    detail: deleted.detail ?? title,
    hints: deleted.hints ?? [],
    clientAddress: exchange.address.text,
    requestId: exchange.request.id,
  });
  sendNotice(exchange, status, 'Not deleted', [
    `refused as ${deleted.reason}: ${deleted.detail ?? title}`,
    ...(deleted.hints ?? []),
  ]);
}

/** Takes a DELETE of this caller through every check, and sends it. */
async function sendDelete(
  { gateway, request, req }: PageExchange,
  principal: Principal,
  target: string,
): Promise<Decision<Forwarded>> {
  const asDelete: GatewayRequest = {
    ...request,
    method: 'DELETE',
    rawTarget: target,
    clientCertificate: undefined,
    headers: {
      ...request.headers,
      authorization: 'Bearer session',
      origin: undefined,
      secFetchSite: undefined,
    },
  };
  const trail: AuditTrail = createAuditTrail(asDelete, gateway.audit, gateway.clock);
  using scope = new DisposableStack();
  const known = { ...gateway, snapshot: () => knownAs(gateway, principal) };
  const admission = await admit({ request: asDelete, gateway: known, trail, scope });
  if (admission.effect === 'deny') {
    trail.recordInPassing(admission);
    return admission;
  }
  if (admission.value.kind !== 'delete') return deny('endpoint_not_found');
  const isClientGone = (): boolean => req.socket.destroyed;
  return await forward(admission.value, { requestId: request.id, trail, isClientGone });
}

/** The configuration in use, in which the session is the only credential. */
function knownAs(gateway: Gateway, principal: Principal): ReturnType<Gateway['snapshot']> {
  const authenticate = async (): Promise<Decision<Principal>> => allow(principal);
  return { ...gateway.snapshot(), authenticators: [{ authenticate }] };
}

function askAgain(
  exchange: PageExchange,
  caller: Caller,
  target: string,
  problem: string | undefined,
): void {
  const { gateway, snapshot } = exchange;
  const { principal, session } = caller;
  const group = findGroup(exchange, principal, target);
  if (group === undefined || session === undefined) {
    refuseUnknown(exchange);
    return;
  }
  const page = renderDelete({
    now: gateway.clock.now(),
    caller: {
      team: principal.team,
      credential: principal.credential,
      seesAllTeams: false,
      mayDelete: true,
      hasSession: true,
    },
    assets: assetPaths(exchange),
    group,
    csrf: session.csrf,
    problem,
    contact: snapshot.ui?.contact,
  });
  sendPage(exchange, problem === undefined ? 200 : 400, page);
}

function refuseUnknown(exchange: PageExchange): void {
  sendNotice(exchange, 404, 'No such group', [
    'the group is not stored any more, or this credential may not see or delete it',
  ]);
}

/** A group that the caller may see and delete. */
function findGroup(
  { gateway, snapshot }: PageExchange,
  { team: name }: Principal,
  target: string,
): GroupView | undefined {
  const team = snapshot.policy.team(name);
  if (!team?.actions.has('delete') || !team.actions.has('read')) return undefined;
  using upstream = gateway.reading(team);
  const group = upstream.store.group(target);
  const isSeen = group !== undefined && resolveReadScope(team).sees(labelsOf(group));
  return isSeen ? viewGroup(group, expiryOf(snapshot.policy.team)) : undefined;
}
