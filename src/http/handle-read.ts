import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { pipeline, type Writable } from 'node:stream';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import { type Deny, deny } from '../core/decision.ts';
import type { ReadScope } from '../core/policy/read-scope.ts';
import type { Reason } from '../core/reason.ts';
import type { UpstreamReadPath } from '../core/request/endpoint.ts';
import type { ReadAnswer, UpstreamRead, UpstreamReading } from '../pipeline/ports/upstream.ts';
import type { Clock } from '../pipeline/ports.ts';
import { freeChunks } from './read-chunks.ts';
import { pickAnswerHeaders, renderReadHeaders } from './read-headers.ts';
import { exchangeOf } from './receive.ts';
import { createRelay, NO_FILTER, type RelayOptions } from './relay.ts';
import { acceptsGzip, createCompression, createScopedFilter } from './scoped-relay.ts';
import type { HeaderValues } from './security-headers.ts';

interface ReadHandlerOptions {
  /** Origin and path prefix of the upstream, without a slash at the end. */
  readonly upstreamUrl: string;
  readonly connections: number;
  /** The whole `Authorization` value for the upstream. */
  readonly authorization: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  readonly clock: Clock;
}

/** What a reader can do: what the reasons say otherwise is about pushes. */
const ADVICE: Partial<Record<Reason, string>> = {
  upstream_unreachable: 'read again later',
  upstream_timeout: 'read again later',
  upstream_invalid:
    'read again later; where a group breaks the scrape, the operator can quarantine it',
};

/** What one read is about; the proxy's listeners find it by the request. */
interface ReadPlan {
  readonly path: UpstreamReadPath;
  readonly scope: ReadScope;
  /** Whether a part of the answer is compressed for the caller. */
  readonly isCompressed: boolean;
  /** Heads of the answer that are not the upstream's. */
  readonly headers: HeaderValues;
  /** Ends the read in a refusal; once it has ended, does nothing. */
  readonly fail: (refusal: Deny) => void;
  /** Whether nobody waits for the upstream any more. */
  isOver: boolean;
  /** Undefined while it waits for a connection. */
  upstreamRequest?: ClientRequest;
}

/** Reads at once, those that wait for a connection included, as a multiple of the connections. */
const QUEUE_FACTOR = 32;

/**
 * Streams reads from the upstream. Nothing of the caller goes there but what `renderReadHeaders`
 * lets through, and of the upstream's answer comes back only a whole 200.
 */
export function createReadHandler(options: ReadHandlerOptions): UpstreamReading['read'] {
  const { upstreamUrl, connections, authorization, ca, clock } = options;
  const Agent = upstreamUrl.startsWith('https:') ? HttpsAgent : HttpAgent;
  const plans = new WeakMap<IncomingMessage, ReadPlan>();
  const proxy = createProxyMiddleware({
    target: upstreamUrl,
    changeOrigin: true,
    agent: new Agent({ keepAlive: true, maxSockets: connections, ...(ca && { ca }) }),
    pathRewrite: (_, req) => plans.get(req)?.path,
    selfHandleResponse: true,
    // The default plugins answer errors with the upstream's address.
    ejectPlugins: true,
    plugins: [proxyEventsPlugin],
    on: {
      proxyReq: (upstreamRequest, req) => {
        const plan = plans.get(req);
        if (plan === undefined || plan.isOver) {
          upstreamRequest.destroy();
          return;
        }
        plan.upstreamRequest = upstreamRequest;
        upstreamRequest.once('upgrade', (_, socket) => {
          socket.destroy();
          plan.fail(deny('upstream_invalid', { internal: 'the upstream switched protocols' }));
        });
      },
      proxyRes: (upstreamResponse, req, res) => {
        const plan = plans.get(req);
        if (plan !== undefined) relay(upstreamResponse, res, plan);
      },
      error: (error, req) => plans.get(req)?.fail(refusalOf(error)),
    },
  });

  let underWay = 0;
  return async (read, answer) => {
    const { req, res } = exchangeOf(answer.request);
    if (underWay >= connections * QUEUE_FACTOR) {
      answer.refuse(deny('overloaded', { internal: 'too many reads wait for the upstream' }));
      return;
    }
    const isCompressed = acceptsGzip(req.headers['accept-encoding']?.toString());
    const plan = createPlan(read, isCompressed, answer);
    plans.set(req, plan);
    const deadlineTimer = setTimeout(
      () => plan.fail(deny('upstream_timeout', 'Pushgateway did not answer in time')),
      Math.max(0, read.deadline - clock.monotonic()),
    );
    // Express, the proxy and the stream that relays the answer listen for its end: more than 10.
    res.setMaxListeners(20);
    req.headers = renderReadHeaders(req.headers, authorization, isWhole(plan));
    underWay += 1;
    try {
      await proxy(req, res);
    } finally {
      underWay -= 1;
      clearTimeout(deadlineTimer);
      plan.isOver = true;
    }
  };
}

function createPlan(
  { path, scope }: UpstreamRead,
  isCompressed: boolean,
  { headers, refuse }: ReadAnswer,
): ReadPlan {
  const plan: ReadPlan = {
    path,
    scope,
    isCompressed,
    headers,
    isOver: false,
    fail(refusal) {
      if (plan.isOver) return;
      plan.isOver = true;
      // Answered first: the proxy breaks off answers that are still open when the upstream ends.
      const advice = ADVICE[refusal.reason];
      refuse(advice === undefined ? refusal : { hints: [advice], ...refusal });
      plan.upstreamRequest?.destroy();
    },
  };
  return plan;
}

/** Whether the answer goes out as it is: what the upstream says of itself is the same for all. */
function isWhole({ scope, path }: ReadPlan): boolean {
  return scope.seesEverything || path === '/api/v1/status';
}

function relay(upstreamResponse: IncomingMessage, res: ServerResponse, plan: ReadPlan): void {
  const { statusCode } = upstreamResponse;
  if (plan.isOver) {
    upstreamResponse.destroy();
  } else if (statusCode !== 200) {
    plan.fail(deny('upstream_invalid', { internal: `the upstream answered ${statusCode}` }));
  } else if (isWhole(plan)) {
    res.writeHead(200, { ...pickAnswerHeaders(upstreamResponse.headers), ...plan.headers });
    send(upstreamResponse, res, { filter: NO_FILTER, onRefusal: plan.fail });
  } else {
    relayPart(upstreamResponse, res, plan);
  }
}

/** Relays what the team may see, and nothing of an answer that is not understood. */
function relayPart(upstreamResponse: IncomingMessage, res: ServerResponse, plan: ReadPlan): void {
  const { 'content-type': type = '', 'content-encoding': encoding } = upstreamResponse.headers;
  const filter = createScopedFilter(plan.path, type, plan.scope);
  if (filter === undefined || encoding !== undefined) {
    const internal = `no part can be taken of ${type} ${encoding ?? ''}`;
    plan.fail(deny('upstream_invalid', { internal }));
    return;
  }
  res.writeHead(200, {
    'content-type': type,
    vary: 'Accept, Accept-Encoding',
    ...(plan.isCompressed && { 'content-encoding': 'gzip' }),
    ...plan.headers,
  });
  if (!plan.isCompressed) {
    send(upstreamResponse, res, { filter, onRefusal: plan.fail });
    return;
  }
  const compression = createCompression();
  pipeline(compression, res, () => {});
  send(upstreamResponse, compression, { filter, onRefusal: plan.fail });
}

/** Sends an answer on; of what goes wrong the proxy tells. */
function send(upstreamResponse: IncomingMessage, out: Writable, options: RelayOptions): void {
  const relay = createRelay(out, options);
  freeChunks(upstreamResponse, relay);
  pipeline(upstreamResponse, relay.sink, () => {});
}

function refusalOf(error: Error): Deny {
  const code = 'code' in error ? String(error.code) : '';
  const isNonsense = code.startsWith('HPE_');
  return deny(isNonsense ? 'upstream_invalid' : 'upstream_unreachable', {
    internal: `${code} ${error.message}`,
  });
}
