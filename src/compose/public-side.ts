import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { type Deny, deny } from '../core/decision.ts';
import { compileNetworks } from '../core/network/network-set.ts';
import { createPublicApp } from '../http/app.ts';
import { createClientCertificates } from '../http/client-certificates.ts';
import { createRequestHandler } from '../http/handle-request.ts';
import { holdCalls } from '../http/held-calls.ts';
import type { PageContext } from '../http/page/page-exchange.ts';
import { createPageHandler } from '../http/page/page-handler.ts';
import { createRefusalPaces } from '../http/refusal-pace.ts';
import { createRawRefuser } from '../http/refuse-raw.ts';
import { createRequestIds } from '../http/request-id.ts';
import { createResponder } from '../http/respond.ts';
import type { HeaderValues } from '../http/security-headers.ts';
import { applyBounds, createPublicServer } from '../http/server.ts';
import { applyTls } from '../http/tls.ts';
import { watchUnprovedClients } from '../http/unproved-clients.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { TeamActivity } from '../pipeline/ports/team-activity.ts';
import type { OperationalLog, RequestObserver } from '../pipeline/ports.ts';
import type { SessionStore } from '../pipeline/shared-state.ts';

/** The public server, and what may change while it runs. */
export interface PublicSide {
  readonly server: Server;
  /** Has requests answered: those that have waited, and all that come. */
  open(options: PublicSideOptions): void;
  /** Tells those that wait to come again: there will be nobody to answer them. */
  giveUp(): void;
  /** @throws Error when TLS key and certificate are no pair; nothing has changed then */
  apply(config: ServerConfiguration): void;
}

type ServerConfiguration = Pick<GatewayConfig, 'server' | 'tls' | 'trustedProxies'>;

interface PublicSideOptions {
  readonly gateway: Gateway;
  readonly observer: RequestObserver;
  readonly activity: TeamActivity;
  readonly sessionStore: SessionStore;
  /** How the upstream is, for the page. */
  readonly upstreamState: PageContext['upstreamState'];
  readonly log: OperationalLog;
  readonly lifetime: { isReady(): boolean; isSpooling(): boolean; isClosing(): boolean };
}

/** Builds the server of the public side, not yet listening; what it is asked waits. */
export function createPublicSide(
  initial: ServerConfiguration,
  securityHeaders: HeaderValues,
): PublicSide {
  const { server: bounds, tls } = initial;
  let clientBounds = readClientBounds(initial);
  const certificates = createClientCertificates(tls?.clientCa);
  const createRequestId = createRequestIds();
  const requests = holdCalls<IncomingMessage, ServerResponse>();
  const unreadable = holdCalls<Socket, Deny>();
  const server = createPublicServer({
    bounds,
    tls: tls && { options: tls, certificates },
    listener: requests.call,
    refuseRaw: unreadable.call,
  });
  const unproved = watchUnprovedClients(server, {
    limit: () => clientBounds.limit,
    isProxy: (peer) => clientBounds.proxies.contains(peer),
  });
  return {
    server,
    open({ gateway, observer, activity, sessionStore, upstreamState, log, lifetime }) {
      const responder = createResponder(securityHeaders, lifetime.isClosing);
      const paces = createRefusalPaces();
      const shared = { gateway, responder, observer, log, createRequestId, paces, unproved };
      const known = { ...shared, activity, certificates };
      const handleRequest = createRequestHandler(known);
      const page = createPageHandler({ ...known, sessionStore, securityHeaders, upstreamState });
      const challenges = () => gateway.snapshot().challenges;
      const pathPrefix = () => gateway.snapshot().pathPrefix;
      const { isReady, isSpooling } = lifetime;
      const health = { challenges, pathPrefix, isReady, isSpooling };
      requests.release(createPublicApp({ ...shared, ...health, page, handleRequest }));
      unreadable.release(createRawRefuser(shared));
    },
    giveUp() {
      const responder = createResponder(securityHeaders, () => true);
      requests.release(({ headers: { accept } }, res) => {
        const context = { requestId: createRequestId(), accept, challenges: [] };
        responder.refuse(res, deny('draining'), context);
      });
      unreadable.release((socket) => socket.destroy());
    },
    apply(next) {
      if (next.tls !== undefined) applyTls(server, next.tls);
      certificates.trust(next.tls?.clientCa);
      applyBounds(server, next.server);
      clientBounds = readClientBounds(next);
    },
  };
}

function readClientBounds({ server, trustedProxies }: ServerConfiguration) {
  return { limit: server.connectionsPerClient, proxies: compileNetworks(trustedProxies) };
}
