import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { parsePeerAddress } from '../../core/network/client-address.ts';
import type { Snapshot } from '../../pipeline/snapshot.ts';
import { hadPrefix } from '../prefixed-requests.ts';

/** Where browsers see the gateway. */
export interface PageOrigin {
  /** Scheme, host and port, as in the header `Origin`. */
  readonly origin: string;
  /** The origin and the path prefix, without a slash at the end. */
  readonly url: string;
  /** Path prefix, empty for none. */
  readonly prefix: string;
  readonly isSecure: boolean;
}

const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Finds where browsers see the gateway: `ui.url`, else what a trusted proxy says, else the
 * connection and its `Host`. Undefined for a `Host` that is none.
 */
export function resolvePageOrigin(
  req: IncomingMessage,
  { ui, trustedProxies, pathPrefix }: Snapshot,
): PageOrigin | undefined {
  if (ui?.url !== undefined) {
    const { origin, pathname, protocol } = new URL(ui.url);
    const prefix = pathname.replace(/\/$/, '');
    return { origin, url: ui.url, prefix, isSecure: protocol === 'https:' };
  }
  const peer = parsePeerAddress(req.socket.remoteAddress);
  const isTrusted = peer !== undefined && trustedProxies.contains(peer);
  const forwarded = (name: string): string | undefined =>
    isTrusted ? req.headers[name]?.toString().split(',').at(-1)?.trim().toLowerCase() : undefined;
  const isTls = req.socket instanceof TLSSocket;
  const scheme = forwarded('x-forwarded-proto') ?? (isTls ? 'https' : 'http');
  const host = forwarded('x-forwarded-host') ?? req.headers.host?.toLowerCase() ?? '';
  if (!/^https?$/.test(scheme) || !HOST.test(host)) return undefined;
  const { origin } = new URL(`${scheme}://${host}`);
  const prefix = hadPrefix(req) ? pathPrefix : '';
  return { origin, url: origin + prefix, prefix, isSecure: scheme === 'https' };
}

/**
 * Whether a page of this origin sent a request, or a program: a browser says of every form where it
 * comes from.
 * @see Fetch standard, sections "Origin header" and "Sec-Fetch-Site header"
 */
export function isSameOrigin({ headers }: IncomingMessage, { origin }: PageOrigin): boolean {
  const site = headers['sec-fetch-site'] ?? 'same-origin';
  const isOwn = headers.origin === undefined || headers.origin.toLowerCase() === origin;
  return isOwn && (site === 'same-origin' || site === 'none');
}
