// not all of undici: fetch, caches and mocks would stay in the memory of every gateway
import buildConnector from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { parseJson } from '../core/json.ts';
import { joinLines, renderPrintable } from '../core/printable.ts';
import { parseStoreStatus } from '../core/store/store-status.ts';
import type { UpstreamFailure, UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { UpstreamRequest, UpstreamSender } from '../pipeline/ports/upstream.ts';
import { type ExchangeResult, exchange } from './exchange.ts';

/** Where the private Pushgateway is and how to talk to it. */
export interface PushgatewayClientOptions {
  /** Origin and path prefix, without a slash at the end. */
  readonly url: string;
  readonly connections: number;
  /** The whole `Authorization` value. */
  readonly authorization?: string;
  /** PEM. */
  readonly ca?: string;
  /** Told when the upstream has ended a connection. */
  readonly onDisconnect?: () => void;
  /** Asked before a push or delete goes out, beside its own `isCurrent`: whether any may. */
  readonly mayStart?: () => boolean;
}

export interface PushgatewayClient extends UpstreamSender {
  /** What the upstream says of itself; undefined when it does not answer in time. */
  status(timeoutMs: number): ReturnType<StoreReader['status']>;
  /** Ends every connection once what is under way on it has ended. */
  close(): Promise<void>;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** Tells what the gateway asks for itself from what it passes on. */
const USER_AGENT = 'pushwarden';
/** For what the gateway itself asks. */
const OWN_CONNECTIONS = 2;
const CONNECT_TIMEOUT_MS = 3000;
/** Requests that wait for one of the connections, as a multiple of these. */
const QUEUE_FACTOR = 32;
/** Bytes of an answer's text that the operational log gets. */
const LOGGED_BYTES = 512;

const LIMITS: Pool.Options = {
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: MAX_HEADER_BYTES,
  maxResponseSize: MAX_ANSWER_BYTES,
};
/** How a connection ends that the upstream has ended, and no timeout of ours. */
const ENDED = new Set(['UND_ERR_SOCKET', 'ECONNRESET']);
/** Pushgateway closes no idle connection: one that is never left idle for long ends when it does. */
const KEPT = { keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 };

/** Opens a pool of connections to the upstream; the first request connects. */
export function createPushgatewayClient(options: PushgatewayClientOptions): PushgatewayClient {
  const { origin, pathname } = new URL(options.url);
  const prefix = pathname.replace(/\/$/, '');
  const connections = watchConnections(options.ca);
  const openPool = (count: number, more?: Pool.Options): Pool =>
    new Pool(origin, { ...LIMITS, ...more, connections: count, connect: connections.connect });
  const pool = openPool(options.connections);
  const ownPool = openPool(OWN_CONNECTIONS, KEPT);
  ownPool.on('disconnect', (...[, , { code }]) => ENDED.has(code) && options.onDisconnect?.());
  const { authorization, mayStart = () => true } = options;

  /** Requests that have a connection or wait for one. */
  let underWay = 0;
  const attempt = (request: UpstreamRequest, count: 1 | 2, sending: Sending): void => {
    const { method, path, contentType, requestId, body, deadline } = request;
    const headers =
      contentType === undefined
        ? ['x-request-id', requestId]
        : ['x-request-id', requestId, 'content-type', contentType];
    if (authorization !== undefined) headers.push('authorization', authorization);
    const isStale = (): boolean => isOvertaken(request) || !mayStart();
    const sent = { method, path: prefix + path, headers, body, deadline, isStale };
    exchange(pool, sent, (result) => {
      const isOnceMore = count === 1 && isReplayable(method, result) && !isStale();
      if (isOnceMore && connections.wasReused(result.error)) return attempt(request, 2, sending);
      underWay -= 1;
      sending(describe(result, count));
    });
  };

  const ask = (path: string, timeoutMs: number): Promise<ExchangeResult> => {
    const headers = ['user-agent', USER_AGENT];
    if (authorization !== undefined) headers.push('authorization', authorization);
    const deadline = performance.now() + timeoutMs;
    const sent = { method: 'GET', path: prefix + path, headers, body: undefined, deadline };
    return new Promise((resolve) => exchange(ownPool, sent, resolve));
  };

  return {
    send(request) {
      if (underWay >= options.connections * (QUEUE_FACTOR + 1)) return Promise.resolve(CROWDED);
      if (isOvertaken(request)) return Promise.resolve(OVERTAKEN);
      underWay += 1;
      return new Promise((resolve) => attempt(request, 1, resolve));
    },
    async status(timeoutMs) {
      const result = await ask('/api/v1/status', timeoutMs);
      if (result.kind === 'failed') return undefined;
      const status =
        result.status === 200 ? parseStoreStatus(parseJson(String(result.body))) : undefined;
      if (status === undefined) return 'no_pushgateway';
      const ready = await ask('/-/ready', timeoutMs);
      const isReady = ready.kind === 'answered' && ready.status === 200;
      return isReady ? { ...status, date: parseDate(result.date) } : 'not_ready';
    },
    async close() {
      await Promise.all([pool.close(), ownPool.close()]);
    },
  };
}

type Sending = (outcome: UpstreamOutcome) => void;

const CROWDED = failed('overloaded', false, 0, 'too many requests wait for the upstream');
const OVERTAKEN = failed(
  'upstream_unreachable',
  false,
  0,
  'it has ended a connection since what it holds was looked at',
);

/** Whether another start of the upstream may answer than the one that the push was held against. */
function isOvertaken({ isCurrent }: UpstreamRequest): boolean {
  return isCurrent !== undefined && !isCurrent();
}

type FailedExchange = Extract<ExchangeResult, { kind: 'failed' }>;

/**
 * A keep-alive connection can end just as a request goes out on it. What may be applied twice
 * without harm is sent once more; a POST is not.
 * @see RFC 9112 section 9.3.1
 */
function isReplayable(method: string, result: ExchangeResult): result is FailedExchange {
  if (result.kind === 'answered' || method === 'POST') return false;
  return result.reason === 'upstream_unreachable' && result.wasSent && !result.wasAnswered;
}

/** Connects, and remembers of each error whether its connection had brought an answer before. */
function watchConnections(ca: string | undefined) {
  const connector = buildConnector({ timeout: CONNECT_TIMEOUT_MS, ...(ca && { ca }) });
  const afterAnswers = new WeakSet<Error>();
  const connect: buildConnector.connector = (target, callback) =>
    connector(target, (...result) => {
      const [, socket] = result;
      socket?.on('error', (error: Error) => {
        if (socket.bytesRead > 0) afterAnswers.add(error);
      });
      callback(...result);
    });
  /** Of the error of a request that was not answered: what was read, earlier ones were answered with. */
  const wasReused = (error: Error): boolean => afterAnswers.has(error);
  return { connect, wasReused };
}

/** Milliseconds since the epoch; undefined for what is no date. */
function parseDate(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function describe(result: ExchangeResult, attempts: number): UpstreamOutcome {
  if (result.kind === 'failed') {
    return failed(result.reason, result.wasSent, attempts, result.error.message);
  }
  const { status, body } = result;
  return { kind: 'answered', status, attempts, text: body.length === 0 ? '' : renderText(body) };
}

function renderText(body: Buffer): string {
  return renderPrintable(joinLines(body.toString('utf8', 0, LOGGED_BYTES)), LOGGED_BYTES);
}

function failed(
  reason: UpstreamFailure['reason'],
  mayBeApplied: boolean,
  attempts: number,
  detail: string,
): UpstreamFailure {
  return { kind: 'failed', reason, mayBeApplied, attempts, detail };
}
