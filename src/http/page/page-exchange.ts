import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Deny } from '../../core/decision.ts';
import type { Principal } from '../../core/identity/principal.ts';
import type { IpAddress } from '../../core/network/ip-address.ts';
import type { TeamPolicy } from '../../core/policy/policy.ts';
import type { AuditTrail } from '../../pipeline/audit-trail.ts';
import type { Gateway } from '../../pipeline/gateway.ts';
import type { GatewayRequest } from '../../pipeline/gateway-request.ts';
import type { TeamActivity } from '../../pipeline/ports/team-activity.ts';
import type { Snapshot } from '../../pipeline/snapshot.ts';
import { cutUpload } from '../respond.ts';
import type { HeaderValues } from '../security-headers.ts';
import type { Html } from './html.ts';
import type { PageAssets } from './page-assets.ts';
import type { PageOrigin } from './page-origin.ts';
import type { UpstreamView } from './page-view.ts';
import type { AssetPaths } from './render-document.ts';
import { renderNotice } from './render-notice.ts';
import type { Session, Sessions } from './sessions.ts';
import { renderSentence } from './words.ts';

/** What outlives the requests of the page. */
export interface PageContext {
  readonly gateway: Gateway;
  readonly activity: TeamActivity;
  readonly sessions: Sessions;
  readonly assets: PageAssets;
  readonly upstreamState: (team: TeamPolicy) => UpstreamView;
}

/** A request to the page, with all that is known of it. */
export interface PageExchange extends PageContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: GatewayRequest;
  readonly trail: AuditTrail;
  readonly snapshot: Snapshot;
  readonly address: IpAddress;
  readonly origin: PageOrigin;
  readonly query: URLSearchParams;
  /** Of the cookies; may be of no session. */
  readonly sessionIds: readonly string[];
  /** Path of `/ui/` seen from the request's own. */
  readonly root: string;
  readonly headers: HeaderValues;
  /** For the metrics. */
  refusal?: Deny;
}

/** Somebody who is known. */
export interface Caller {
  readonly principal: Principal;
  /** Undefined for who proves it with the request itself. */
  readonly session: Session | undefined;
}

/** Where the files are, seen from the request's path. */
export function assetPaths({ assets, root }: PageExchange): AssetPaths {
  return { styles: root + assets.styles, script: root + assets.script };
}

/** Answers with a page: nothing but what the template made goes out. */
export function sendPage(
  { res, headers, gateway }: PageExchange,
  status: number,
  page: Html,
  more: HeaderValues = {},
): void {
  const body = page.toString();
  const length = String(Buffer.byteLength(body));
  const own = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': length };
  const cut = cutUpload(res, gateway.isDraining());
  res.writeHead(status, { ...headers, ...own, ...more, ...cut }).end(body);
}

/** Sends the browser on, with a GET. */
export function redirect(
  { res, headers, gateway }: PageExchange,
  to: string,
  more: HeaderValues = {},
): void {
  const cut = cutUpload(res, gateway.isDraining());
  res.writeHead(303, { ...headers, Location: to, 'Content-Length': '0', ...more, ...cut }).end();
}

/** Answers with a page that says why something was not done. */
export function sendNotice(
  exchange: PageExchange,
  status: number,
  title: string,
  lines: readonly string[],
  more: HeaderValues = {},
): void {
  const { root, request, snapshot } = exchange;
  const view = { root, assets: assetPaths(exchange), title, requestId: request.id };
  const contact = snapshot.ui?.contact;
  const sentences = lines.map(renderSentence);
  sendPage(exchange, status, renderNotice({ ...view, lines: sentences, contact }), more);
}
