import type { Server } from 'node:http';
import type { GatewayConfig } from '../config/types.ts';
import { createPublicApp } from '../http/app.ts';
import { createClientCertificates } from '../http/client-certificates.ts';
import { createRawRefuser } from '../http/refuse-raw.ts';
import { createRequestIds } from '../http/request-id.ts';
import { createResponder } from '../http/respond.ts';
import type { HeaderValues } from '../http/security-headers.ts';
import { applyBounds, createPublicServer } from '../http/server.ts';
import { applyTls } from '../http/tls.ts';
import { createVisitHandler } from '../http/visit.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { OperationalLog, RequestObserver } from '../pipeline/ports.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** The public server, and what may change while it runs. */
export interface PublicSide {
  readonly server: Server;
  /** @throws Error when TLS key and certificate are no pair; nothing has changed then */
  apply(config: ServerConfiguration): void;
}

type ServerConfiguration = Pick<GatewayConfig, 'server' | 'tls'>;

interface PublicSideOptions {
  readonly gateway: Gateway;
  /** The current one; read once in a request. */
  readonly upstreamSide: () => UpstreamSide;
  readonly config: ServerConfiguration;
  readonly securityHeaders: HeaderValues;
  readonly observer: RequestObserver;
  readonly log: OperationalLog;
  readonly lifetime: { isReady(): boolean; isClosing(): boolean };
}

/** Builds the server of the public side, not yet listening. */
export function createPublicSide(options: PublicSideOptions): PublicSide {
  const { gateway, upstreamSide, observer, log, lifetime } = options;
  const { server: bounds, tls } = options.config;
  const certificates = createClientCertificates(tls?.clientCa);
  const responder = createResponder(options.securityHeaders, lifetime.isClosing);
  const shared = { gateway, responder, observer, log, createRequestId: createRequestIds() };
  const visit = createVisitHandler({ ...shared, upstreamSide, certificates });
  const challenges = () => gateway.snapshot().challenges;
  const app = createPublicApp({ ...shared, challenges, isReady: lifetime.isReady, visit });
  const server = createPublicServer({
    bounds,
    tls: tls && { options: tls, certificates },
    listener: app,
    refuseRaw: createRawRefuser(shared),
  });
  return {
    server,
    apply(next) {
      if (next.tls !== undefined) applyTls(server, next.tls);
      certificates.trust(next.tls?.clientCa);
      applyBounds(server, next.server);
    },
  };
}
