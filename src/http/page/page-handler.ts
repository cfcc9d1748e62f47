import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { allow, type Decision, type Deny, deny } from '../../core/decision.ts';
import { REASONS } from '../../core/reason.ts';
import { denyFor } from '../../core/refusal.ts';
import { withoutQuery } from '../../core/request/endpoint.ts';
import { type AuditTrail, createAuditTrail } from '../../pipeline/audit-trail.ts';
import { checkArrival } from '../../pipeline/check-arrival.ts';
import type { GatewayRequest } from '../../pipeline/gateway-request.ts';
import { findProxiedClient } from '../../pipeline/locate-client.ts';
import type { OperationalLog, RequestObserver } from '../../pipeline/ports.ts';
import type { SessionStore } from '../../pipeline/shared-state.ts';
import type { Snapshot } from '../../pipeline/snapshot.ts';
import type { PageHandler } from '../app.ts';
import type { ClientCertificates } from '../client-certificates.ts';
import { receive } from '../receive.ts';
import { createRefusalLog } from '../refusal-log.ts';
import { type RefusalPaces, sourceOf, weigh } from '../refusal-pace.ts';
import type { Responder } from '../respond.ts';
import type { HeaderValues } from '../security-headers.ts';
import type { UnprovedClients } from '../unproved-clients.ts';
import { deleteGroup, showDelete } from './delete-group.ts';
import { identifyCaller } from './identify-caller.ts';
import { loadPageAssets } from './page-assets.ts';
import {
  type Caller,
  type PageContext,
  type PageExchange,
  redirect,
  sendNotice,
} from './page-exchange.ts';
import { resolvePageHeaders } from './page-headers.ts';
import { resolvePageOrigin } from './page-origin.ts';
import { readSessionCookies } from './session-cookie.ts';
import { createSessions } from './sessions.ts';
import { showOverview } from './show-overview.ts';
import { showSignIn, signInByPassword, signInByToken, signOut } from './sign-in.ts';

interface PageOptions extends Omit<PageContext, 'sessions' | 'assets'> {
  readonly sessionStore: SessionStore;
  readonly securityHeaders: HeaderValues;
  readonly responder: Responder;
  readonly observer: RequestObserver;
  readonly log: OperationalLog;
  readonly createRequestId: () => string;
  readonly certificates: Pick<ClientCertificates, 'of'>;
  readonly paces: Pick<RefusalPaces, 'unknown'>;
  readonly unproved: UnprovedClients;
}

type Route = (exchange: PageExchange) => void | Promise<void>;
type CallerRoute = (exchange: PageExchange, caller: Caller) => void | Promise<void>;

/** Method and path to what answers; a caller who is not known is asked to sign in. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/': { GET: (exchange) => showSignIn(exchange) },
  '/ui': { GET: (exchange) => redirect(exchange, 'ui/') },
  '/ui/': { GET: forCaller(showOverview) },
  '/ui/sign-in': { GET: (exchange) => redirect(exchange, './'), POST: signInByToken },
  '/ui/sign-in/basic': { GET: signInByPassword },
  '/ui/sign-out': { GET: (exchange) => redirect(exchange, './'), POST: signOut },
  '/ui/delete': { GET: forCaller(showDelete), POST: forCaller(deleteGroup) },
};

const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * Creates the page: it takes what is below `/ui/`, and `/` from browsers. Who asks is found out as for
 * every other request, or by the cookie.
 */
export function createPageHandler(options: PageOptions): PageHandler {
  const { gateway, responder, observer, log, createRequestId, certificates, unproved } = options;
  const logRefusal = createRefusalLog(log, gateway.clock);
  const headers = resolvePageHeaders(options.securityHeaders);
  const assets = loadPageAssets();
  const sessions = createSessions(gateway.snapshot, gateway.clock, options.sessionStore);

  const prepare = (
    req: IncomingMessage,
    res: ServerResponse,
    request: GatewayRequest,
    trail: AuditTrail,
    snapshot: Snapshot,
  ): Decision<PageExchange> => {
    const arrived = checkArrival({ request, gateway, trail }, snapshot);
    if (arrived.effect === 'deny') return arrived;
    const origin = resolvePageOrigin(req, snapshot);
    if (origin === undefined) return deny('request_malformed', 'the Host is no name or address');
    const { rawTarget } = request;
    const path = withoutQuery(rawTarget);
    return allow({
      ...{ ...options, sessions, assets, req, res, request, trail, snapshot, origin },
      address: arrived.value.address,
      query: new URLSearchParams(rawTarget.slice(path.length)),
      sessionIds: path.startsWith('/ui/') ? readSessionCookies(req.headers.cookie, origin) : [],
      root: rootSeenFrom(path),
      headers: { ...headers, 'X-Request-Id': request.id },
    });
  };

  const takes: PageHandler['takes'] = ({ url, method, headers: { accept } }) =>
    gateway.snapshot().ui !== undefined && isOfPage(withoutQuery(url), method, accept);

  const handle: RequestHandler = async (req, res) => {
    const snapshot = gateway.snapshot();
    const path = withoutQuery(req.url);
    observer.begin();
    const arrivedAt = gateway.clock.monotonic();
    const request = receive(req, res, createRequestId(), certificates.of(req.socket));
    const trail = createAuditTrail(request, gateway.audit, gateway.clock);
    const client = unproved.enter(req.socket, findProxiedClient(request, snapshot));
    if (client.isStale) res.shouldKeepAlive = false;
    const ready = client.isCrowded
      ? deny('overloaded', { internal: 'its client has too many requests under way' })
      : prepare(req, res, request, trail, snapshot);
    let refusal: Deny | undefined;
    if (ready.effect === 'deny') {
      refusal = ready;
      await waitTurn(req, trail, options.paces);
      const { challenges, ui } = snapshot;
      const told = { requestId: request.id, accept: req.headers.accept, contact: ui?.contact };
      responder.refuse(res, ready, { ...told, challenges });
    } else {
      refusal = await answer(ready.value, path, options);
    }
    client.end();
    if (refusal !== undefined) logRefusal(request.id, trail.facts, refusal);
    observer.end({
      team: trail.facts.principal?.team ?? '',
      method: req.method === 'POST' ? 'other' : req.method,
      status: res.statusCode,
      reason: refusal?.reason,
      durationMs: gateway.clock.monotonic() - arrivedAt,
    });
  };
  return { takes, handle };
}

/** Whoever has no session waits as who is refused does: he is, or signs in. */
async function keepPace(
  { req, trail, sessions, sessionIds }: PageExchange,
  paces: PageOptions['paces'],
): Promise<void> {
  for (const id of sessionIds) if ((await sessions.find(id)) !== undefined) return;
  await waitTurn(req, trail, paces);
}

async function waitTurn(
  req: IncomingMessage,
  { facts: { clientAddress } }: AuditTrail,
  { unknown }: PageOptions['paces'],
): Promise<void> {
  await unknown.turn(sourceOf(clientAddress, req.socket.remoteAddress), weigh(req));
}

/** Path of `/ui/` seen from another one. */
function rootSeenFrom(path: string): string {
  if (path === '/') return 'ui/';
  return path.startsWith('/ui/sign-in/') ? '../' : './';
}

/** `/` only to who takes a page: programs get what they always got. */
function isOfPage(path: string, method: string, accept: string | undefined): boolean {
  if (path !== '/') return path === '/ui' || path.startsWith('/ui/');
  return method === 'GET' && /(?:^|,)\s*text\/html\b/i.test(accept ?? '');
}

/** Never rejects: what breaks on the way is said on a page. */
async function answer(
  exchange: PageExchange,
  path: string,
  { log, paces }: Pick<PageOptions, 'log' | 'paces'>,
): Promise<Deny | undefined> {
  const { req, res } = exchange;
  try {
    await keepPace(exchange, paces);
    const method = req.method === 'HEAD' ? 'GET' : (req.method ?? '');
    const asset = method === 'GET' ? exchange.assets.find(path.slice('/ui/'.length)) : undefined;
    if (asset !== undefined) {
      const { type, body } = asset;
      const { Vary: _, ...shared } = exchange.headers;
      const own = { 'Content-Type': type, 'Content-Length': String(body.length) };
      res.writeHead(200, { ...shared, ...own, 'Cache-Control': IMMUTABLE }).end(body);
      return undefined;
    }
    const methods = ROUTES[path];
    const route = methods?.[method] ?? refuseRoute(methods);
    await route(exchange);
  } catch (error) {
    exchange.refusal = denyFor(error);
    const { reason } = exchange.refusal;
    const isOwn = reason === 'internal_error';
    if (isOwn) log.error('internal_error', { request_id: exchange.request.id, error });
    const { status, title } = REASONS[reason];
    if (res.headersSent) res.destroy();
    else sendNotice(exchange, status, 'The gateway failed', [isOwn ? 'its log says how' : title]);
  }
  return exchange.refusal;
}

function refuseRoute(methods: Readonly<Record<string, Route>> | undefined): Route {
  return forCaller((exchange) => {
    const allowed = methods && Object.keys(methods).join(', ');
    exchange.refusal = deny(methods ? 'method_not_allowed' : 'endpoint_not_found');
    if (allowed === undefined) sendNotice(exchange, 404, 'Not found', ['there is no such page']);
    else {
      const lines = [`this page takes ${allowed}`];
      sendNotice(exchange, 405, 'Not done', lines, { Allow: allowed });
    }
  });
}

/** Asks a caller who is not known to sign in. */
function forCaller(route: CallerRoute): Route {
  return async (exchange) => {
    const caller = await identifyCaller(exchange);
    if (caller.effect === 'deny') {
      exchange.refusal = caller;
      exchange.trail.recordInPassing(caller);
      showSignIn(exchange, caller);
    } else if (caller.value === undefined) showSignIn(exchange);
    else await route(exchange, caller.value);
  };
}
