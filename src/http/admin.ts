import { createServer, type Server } from 'node:http';
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
} from 'express';
import type { Decision } from '../core/decision.ts';
import { isAdminHost } from '../core/request/admin-host.ts';
import { checkCrossSite } from '../core/request/cross-site.ts';
import type { GroupExpiry } from '../core/store/expiry.ts';
import type { StoreView } from '../core/store/joined-stores.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import { writeGroups } from './handle-groups.ts';
import { handleJanitor, type RunJanitor } from './handle-janitor.ts';
import { handleQuarantine, type RunQuarantine } from './handle-quarantine.ts';
import { handleRebalance, type RunRebalance } from './handle-rebalance.ts';
import { createRefusalPace } from './refusal-pace.ts';
import type { HeaderValues } from './security-headers.ts';
import { shareWork } from './share-work.ts';
import { createTurns } from './turns.ts';

/** What a reload came to: nothing, or the problems of the file that was refused. */
export type ReloadResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly string[] };

interface AdminAppOptions {
  readonly securityHeaders: HeaderValues;
  /** Names that the admin side goes by, beside its addresses and `localhost`. */
  readonly hosts: readonly string[];
  readonly isReady: () => boolean;
  /** Whether pushes are kept because the upstream is away. */
  readonly isSpooling?: () => boolean;
  readonly registry: { readonly contentType: string; render(): Promise<string> };
  readonly reload: () => Promise<ReloadResult>;
  /** The store, once it is known what it holds; else why it is not. */
  readonly knownStore: () => Promise<Decision<Pick<StoreView, 'groups' | 'group'>>>;
  readonly expiry: () => GroupExpiry;
  readonly runJanitor: RunJanitor;
  readonly runQuarantine: RunQuarantine;
  readonly runRebalance: RunRebalance;
  readonly log: OperationalLog;
}

/** More than scrapes and probes need. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 1000;

/**
 * Creates the server of the admin side. Who reaches it, a pod of the same cluster perhaps, cannot
 * take the file descriptors that the public side needs.
 */
export function createAdminServer(app: Express): Server {
  const turns = createTurns();
  const server = createServer(
    {
      // Explicitly: NODE_OPTIONS could switch the lenient parser on.
      insecureHTTPParser: false,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    (req, res) =>
      turns.take(req.socket, (end) => {
        res.once('close', end);
        app(req, res);
      }),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = REQUEST_TIMEOUT_MS;
  return server;
}

/** Builds the admin side: for the operator's own network, it asks for no credential. */
export function createAdminApp(options: AdminAppOptions): Express {
  const { securityHeaders, hosts, isReady, isSpooling, registry, reload, knownStore, log } =
    options;
  const pace = createRefusalPace();
  const render = shareWork(() => registry.render());
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use((_, res, next) => {
    res.set(securityHeaders);
    next();
  });
  app.use(async (req, _, next) => {
    await pace.turn(String(req.socket.remoteAddress));
    next();
  });
  app.get('/metrics', async (_, res) => {
    res.set('content-type', registry.contentType).end(await render());
  });
  app.get('/-/healthy', (_, res) => say(res, 200, 'OK'));
  app.get('/-/ready', (_, res) => {
    if (isReady()) say(res, 200, isSpooling?.() ? 'upstream: spooling' : 'OK');
    else say(res, 503, 'not ready');
  });
  app.use(createPageGuard(hosts));
  app.post('/-/reload', async (_, res) => {
    const result = await reload();
    if (result.ok) say(res, 200, 'reloaded');
    else
      say(
        res,
        400,
        ['not reloaded, the configuration in use stays', ...result.problems].join('\n'),
      );
  });
  app.get('/-/groups', async (_, res) => {
    const known = await knownStore();
    if (known.effect === 'deny') say(res, 503, 'it is not known what Pushgateway holds');
    else
      await writeGroups(res, {
        store: known.value,
        scope: EVERYTHING,
        expiry: options.expiry(),
        headers: securityHeaders,
      });
  });
  app.post('/-/quarantine', async (req, res) => {
    await handleQuarantine(req, res, options.runQuarantine);
  });
  app.post('/-/janitor', async (req, res) => await handleJanitor(req, res, options.runJanitor));
  app.post('/-/rebalance', async (req, res) => {
    await handleRebalance(req, res, options.runRebalance);
  });
  app.use((req, res) => {
    const methods = METHODS.get(req.path);
    if (methods === undefined) say(res, 404, 'not found');
    else say(res.set('allow', methods), 405, `this path takes ${methods}`);
  });
  app.use(createFailureHandler(log));
  return app;
}

/** Keeps web pages out, whatever name they have led here and whatever site they are of. */
function createPageGuard(hosts: readonly string[]): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers;
    // all of several, which are none; nor is what is asked of a proxy
    const host = req.originalUrl.startsWith('/') ? req.headersDistinct['host']?.join() : undefined;
    const secFetchSite = req.headersDistinct['sec-fetch-site']?.join(',');
    if (!isAdminHost(host, hosts)) {
      say(res, 403, 'host_not_allowed: ask for an address, localhost, or a name of admin.hosts');
    } else if (checkCrossSite(req.method, { origin, secFetchSite }).effect === 'deny') {
      say(res, 403, 'cross_site: requests from web pages are not allowed');
    } else {
      next();
    }
  };
}

/** No answer of Express goes out, which would show a stack. */
function createFailureHandler(log: OperationalLog): ErrorRequestHandler {
  return (error, _req, res, _next) => {
    log.error('internal_error', { error });
    say(res, 500, 'the gateway failed, its log says how');
  };
}

/** The operator sees all teams, and what is no team's. */
const EVERYTHING = { sees: () => true };

const METHODS: ReadonlyMap<string, string> = new Map([
  ['/metrics', 'GET, HEAD'],
  ['/-/healthy', 'GET, HEAD'],
  ['/-/ready', 'GET, HEAD'],
  ['/-/reload', 'POST'],
  ['/-/groups', 'GET, HEAD'],
  ['/-/janitor', 'POST'],
  ['/-/quarantine', 'POST'],
  ['/-/rebalance', 'POST'],
]);

function say(res: Response, status: number, text: string): void {
  res.status(status).set('content-type', 'text/plain; charset=utf-8').end(`${text}\n`);
}
