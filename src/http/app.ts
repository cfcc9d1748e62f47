import type { RequestListener } from 'node:http';
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { deny } from '../core/decision.ts';
import { isHealthEndpoint, parseHealthEndpoint } from '../core/request/endpoint.ts';
import { withoutPathPrefix } from '../core/request/path-prefix.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import { ExpressRequest, ExpressResponse } from './express-messages.ts';
import { notePrefix } from './prefixed-requests.ts';
import { isUpload, type RefusalPaces, weigh } from './refusal-pace.ts';
import type { Responder } from './respond.ts';
import type { UnprovedClients } from './unproved-clients.ts';

interface PublicAppOptions {
  readonly responder: Responder;
  readonly log: OperationalLog;
  readonly createRequestId: () => string;
  readonly challenges: () => readonly string[];
  /** Also taken in front of every path; empty for none. */
  readonly pathPrefix: () => string;
  readonly paces: Pick<RefusalPaces, 'probes' | 'unknown'>;
  readonly unproved: UnprovedClients;
  /** Whether pushes can be taken right now. */
  readonly isReady: () => boolean;
  /** Whether pushes are kept because the upstream is away. */
  readonly isSpooling?: () => boolean;
  readonly page: PageHandler;
  /** Everything but the health endpoints and the page. */
  readonly handleRequest: RequestHandler;
}

/** The page for people, beside what programs ask for. */
export interface PageHandler {
  /** Whether a request is of the page. */
  takes(req: Request): boolean;
  readonly handle: RequestHandler;
}

/** Targets that Express can take apart; for many others, such as `foo://bar`, it calls nobody. */
const ROUTABLE = /^\/[!"$-~]*$/;

/** Builds the public side. No route of Express decides anything: `admit` does. */
export function createPublicApp(options: PublicAppOptions): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  Object.assign(app, { request: ExpressRequest.prototype, response: ExpressResponse.prototype });
  const { page, handleRequest, pathPrefix } = options;
  const health = createHealthHandler(options);
  // One handler of Express, and not three: it takes each of them for another route.
  const serve: RequestHandler = (req, res, next) => {
    if (isHealthEndpoint(req.url)) return health(req, res, next);
    return page.takes(req) ? page.handle(req, res, next) : handleRequest(req, res, next);
  };
  app.use(serve, createFailureHandler(options));
  return (req, res) => {
    const rawTarget = req.url ?? '';
    req.url = withoutPathPrefix(rawTarget, pathPrefix());
    if (req.url !== rawTarget) notePrefix(req);
    if (ROUTABLE.test(req.url)) app(req, res);
    else handleRequest(req as Request, res as Response, () => undefined); // which needs nothing of Express
  };
}

function createHealthHandler(options: PublicAppOptions): RequestHandler {
  const { responder, createRequestId, challenges, isReady, isSpooling, paces, unproved } = options;
  return async (req, res, next) => {
    const endpoint = parseHealthEndpoint(req.method, req.url);
    if (endpoint === undefined) {
      next();
      return;
    }
    const requestId = createRequestId();
    if (unproved.enter(req.socket, undefined).isStale) res.shouldKeepAlive = false;
    const isProbe = endpoint.effect === 'allow' && !isUpload(req);
    const pace = isProbe ? paces.probes : paces.unknown;
    await pace.turn(String(req.socket.remoteAddress), weigh(req));
    if (endpoint.effect === 'deny') {
      const { accept } = req.headers;
      responder.refuse(res, endpoint, { requestId, accept, challenges: challenges() });
      return;
    }
    const isHealth = endpoint.value === '/-/healthy';
    const text = !isHealth && isSpooling?.() ? 'upstream: spooling' : 'OK';
    responder.report(res, isHealth || isReady(), requestId, text);
  };
}

/** The last resort: no answer of Express goes out, which would show a stack. */
function createFailureHandler({
  responder,
  log,
  createRequestId,
}: PublicAppOptions): ErrorRequestHandler {
  return (error, _req, res, _next) => {
    const requestId = createRequestId();
    log.error('internal_error', { request_id: requestId, error });
    const context = { requestId, accept: undefined, challenges: [] };
    if (res.headersSent) res.destroy();
    else responder.refuse(res, deny('internal_error'), context);
  };
}
