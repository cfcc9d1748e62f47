import { type Decision, type Deny, deny } from '../../core/decision.ts';
import type { Principal } from '../../core/identity/principal.ts';
import { REASONS } from '../../core/reason.ts';
import { authenticate } from '../../pipeline/authenticate.ts';
import { assetPaths, type PageExchange, redirect, sendNotice, sendPage } from './page-exchange.ts';
import { readForm } from './page-form.ts';
import { isSameOrigin } from './page-origin.ts';
import { renderSignIn } from './render-sign-in.ts';
import { renderSessionCookie } from './session-cookie.ts';

const BEARER = 'Bearer realm="pushwarden"';
const BASIC = 'Basic realm="pushwarden", charset="UTF-8"';

/** Shows who is not known where to sign in, and why the last attempt failed. */
export function showSignIn(exchange: PageExchange, refusal?: Deny): void {
  const { root, snapshot, req } = exchange;
  const { credentials, ui } = snapshot;
  const hasPasswords = credentials.some(({ kind }) => kind === 'basic' || kind === 'htpasswd');
  const problem = refusal && (refusal.detail ?? REASONS[refusal.reason].title);
  const view = { root, assets: assetPaths(exchange), hasPasswords, problem, contact: ui?.contact };
  const status = refusal === undefined ? 401 : REASONS[refusal.reason].status;
  // A link from elsewhere comes without the cookie; asked for again by this page, it has it.
  const isLink = req.method === 'GET' && req.headers['sec-fetch-site'] === 'cross-site';
  sendPage(exchange, status, renderSignIn(view), {
    ...(status === 401 && { 'WWW-Authenticate': BEARER }),
    ...(status === 429 && { 'Retry-After': String(refusal?.retryAfterSeconds ?? 1) }),
    ...(isLink && { Refresh: '0' }),
  });
}

/** Signs in by the token of the form. */
export async function signInByToken(exchange: PageExchange): Promise<void> {
  if (!isSameOrigin(exchange.req, exchange.origin)) {
    refuseCrossSite(exchange);
    return;
  }
  const form = await readForm(exchange);
  const token = form?.get('token')?.trim() ?? '';
  const proof = `Bearer ${token}`;
  const proved = token === '' ? denyForm(form) : await prove(exchange, proof);
  if (proved.effect === 'deny') refuseSignIn(exchange, proved);
  else await begin(exchange, proved.value, './', proof);
}

function denyForm(form: URLSearchParams | undefined): Deny {
  const detail =
    form === undefined
      ? 'the form did not arrive whole, or is none: try again'
      : 'the form came without a token: type or paste it';
  return deny('credential_missing', { detail });
}

/** Signs in by what the browser asks for in a box of its own. */
export async function signInByPassword(exchange: PageExchange): Promise<void> {
  const { authorization } = exchange.req.headers;
  if (authorization === undefined) {
    const lines = ['the browser asks for a user name and a password; it was told none'];
    sendNotice(exchange, 401, 'Not signed in', lines, { 'WWW-Authenticate': BASIC });
    return;
  }
  const proved = await prove(exchange, authorization);
  if (proved.effect === 'allow') {
    await begin(exchange, proved.value, '../', authorization);
    return;
  }
  exchange.refusal = proved;
  exchange.trail.recordInPassing(proved);
  const { status, title } = REASONS[proved.reason];
  const lines = [proved.detail ?? title];
  const challenge = status === 401 && { 'WWW-Authenticate': BASIC };
  sendNotice(exchange, status, 'Not signed in', lines, { ...challenge });
}

/** Ends the session. */
export async function signOut(exchange: PageExchange): Promise<void> {
  if (!isSameOrigin(exchange.req, exchange.origin)) {
    refuseCrossSite(exchange);
    return;
  }
  const { sessions, sessionIds, origin } = exchange;
  for (const id of sessionIds) await sessions.end(id);
  redirect(exchange, './', { 'Set-Cookie': renderSessionCookie('', 0, origin) });
}

/** Says that another site sent a form. */
export function refuseCrossSite(exchange: PageExchange): void {
  const refusal = deny('cross_site', 'the form was not sent by this page');
  exchange.refusal = refusal;
  exchange.trail.recordInPassing(refusal);
  const { origin } = exchange.origin;
  const { origin: from = origin } = exchange.req.headers;
  const isElsewhere = from !== origin;
  sendNotice(exchange, REASONS.cross_site.status, 'Not done', [
    'the form was not sent by this page: go back and try again',
    ...(isElsewhere
      ? [
          `the gateway takes ${origin} for its address: behind a proxy the operator has to set ui.url`,
        ]
      : []),
  ]);
}

/** Finds out whose an `Authorization` is, throttled as everywhere. */
export async function prove(
  exchange: PageExchange,
  authorization: string,
): Promise<Decision<Principal>> {
  const { request, address, snapshot, trail } = exchange;
  const headers = { ...request.headers, authorization };
  const proof = { headers, clientCertificate: undefined };
  const { authenticators } = snapshot; // the anonymous team has no page
  const principal = await authenticate(proof, address, { authenticators });
  if (principal.effect === 'deny') return principal;
  trail.learn({ principal: principal.value });
  return isWithinOwnNetworks(principal.value, exchange)
    ? principal
    : deny('network_not_allowed', `the credential may not be used from ${address.text}`);
}

/** Whether a team lets its credentials be used from where the request comes from. */
export function isWithinOwnNetworks(
  { team }: Principal,
  { snapshot, address }: PageExchange,
): boolean {
  const networks = snapshot.policy.team(team)?.networks;
  return networks === undefined || networks.contains(address);
}

function refuseSignIn(exchange: PageExchange, refusal: Deny): void {
  exchange.refusal = refusal;
  exchange.trail.recordInPassing(refusal);
  showSignIn(exchange, refusal);
}

async function begin(
  exchange: PageExchange,
  principal: Principal,
  to: string,
  proof: string,
): Promise<void> {
  const { sessions, sessionIds, origin, snapshot, activity, trail } = exchange;
  for (const before of sessionIds) await sessions.end(before);
  // A JWT ends by itself, and with its key: no configuration tells when.
  const id = await sessions.begin(principal, principal.scheme === 'jwt' ? proof : undefined);
  if (id === undefined) {
    refuseSignIn(exchange, deny('credential_invalid'));
    return;
  }
  activity.noteUse(principal.team, principal.credential);
  trail.recordInPassing();
  const cookie = renderSessionCookie(id, snapshot.ui?.sessionMs ?? 0, origin);
  redirect(exchange, to, { 'Set-Cookie': cookie });
}
