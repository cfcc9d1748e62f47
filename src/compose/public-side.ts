import type { Server } from 'node:http';
import type { GatewayConfig } from '../config/types.ts';
import { createPublicApp } from '../http/app.ts';
import { createRawRefuser } from '../http/refuse-raw.ts';
import { createRequestIds } from '../http/request-id.ts';
import { createResponder } from '../http/respond.ts';
import type { HeaderValues } from '../http/security-headers.ts';
import { createPublicServer } from '../http/server.ts';
import { createVisitHandler } from '../http/visit.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { OperationalLog, RequestObserver } from '../pipeline/ports.ts';
import type { UpstreamSide } from './upstream-side.ts';

interface PublicSideOptions {
  readonly gateway: Gateway;
  /** The current one; read once in a request. */
  readonly upstreamSide: () => UpstreamSide;
  readonly bounds: GatewayConfig['server'];
  readonly securityHeaders: HeaderValues;
  readonly observer: RequestObserver;
  readonly log: OperationalLog;
  readonly lifetime: { isReady(): boolean; isClosing(): boolean };
}

/** Builds the server of the public side, not yet listening. */
export function createPublicSide(options: PublicSideOptions): Server {
  const { gateway, upstreamSide, observer, log, lifetime, bounds } = options;
  const responder = createResponder(options.securityHeaders, lifetime.isClosing);
  const shared = { gateway, responder, observer, createRequestId: createRequestIds() };
  const visit = createVisitHandler({ ...shared, upstreamSide, log });
  const challenges = () => gateway.snapshot().challenges;
  const app = createPublicApp({ ...shared, challenges, isReady: lifetime.isReady, visit });
  return createPublicServer({ bounds, listener: app, refuseRaw: createRawRefuser(shared) });
}
