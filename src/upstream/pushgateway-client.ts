import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
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

/** On which undici tells of each request that goes out on a connection. */
const REQUEST_CHANNEL = 'undici:client:sendHeaders';

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
  const authorization = options.authorization && { authorization: options.authorization };

  const attempt = async (request: UpstreamRequest): Promise<ExchangeResult> => {
    const result = await exchange(pool, {
      method: request.method,
      path: prefix + request.path,
      headers: {
        ...(request.contentType && { 'content-type': request.contentType }),
        'x-request-id': request.requestId,
        ...authorization,
      },
      ...(request.body && { body: request.body }),
      deadline: request.deadline,
      mayStart: request.isCurrent,
    });
    // The head of an answer that broke off, or switched protocols, was no answer for undici.
    const isCutOff = result.kind === 'failed' && connections.historyOf(result.error)?.wasAnswered;
    return isCutOff && result.reason === 'upstream_unreachable'
      ? { ...result, reason: 'upstream_invalid', wasAnswered: true }
      : result;
  };

  const ask = (path: string, timeoutMs: number): Promise<ExchangeResult> =>
    exchange(ownPool, {
      method: 'GET',
      path: prefix + path,
      headers: { 'user-agent': USER_AGENT, ...authorization },
      deadline: performance.now() + timeoutMs,
    });

  const sendOnceOrTwice = async (request: UpstreamRequest): Promise<UpstreamOutcome> => {
    if (isOvertaken(request)) return failed('upstream_unreachable', false, 0, OVERTAKEN);
    const first = await attempt(request);
    if (!isReplayable(request.method, first) || !connections.historyOf(first.error)?.wasReused) {
      return describe(first, 1);
    }
    if (isOvertaken(request)) return describe(first, 1);
    return describe(await attempt(request), 2);
  };

  /** Requests that have a connection or wait for one. */
  let underWay = 0;
  return {
    async send(request) {
      if (underWay >= options.connections * (QUEUE_FACTOR + 1)) {
        return failed('overloaded', false, 0, 'too many requests wait for the upstream');
      }
      underWay += 1;
      try {
        return await sendOnceOrTwice(request);
      } finally {
        underWay -= 1;
      }
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
      connections.close();
    },
  };
}

const OVERTAKEN = 'it has ended a connection since what it holds was looked at';

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

/** What a connection that failed had been through. */
interface ConnectionHistory {
  /** It had served another request before. */
  readonly wasReused: boolean;
  /** A byte of an answer to the last request had come. */
  readonly wasAnswered: boolean;
}

/** Connects, and remembers of each error what its connection had been through. */
function watchConnections(ca: string | undefined) {
  const connector = buildConnector({ timeout: CONNECT_TIMEOUT_MS, ...(ca && { ca }) });
  const bytesBefore = new WeakMap<Socket, number>();
  const histories = new WeakMap<Error, ConnectionHistory>();
  const connect: buildConnector.connector = (target, callback) =>
    connector(target, (...result) => {
      const [, socket] = result;
      socket?.on('error', (error: Error) => {
        const before = bytesBefore.get(socket) ?? 0;
        const wasAnswered = socket.bytesRead > before;
        histories.set(error, { wasReused: before > 0, wasAnswered });
      });
      callback(...result);
    });
  const noteRequest = (message: unknown): void => {
    const { socket } = message as { socket: Socket }; // as undici documents the channel
    bytesBefore.set(socket, socket.bytesRead);
  };
  subscribe(REQUEST_CHANNEL, noteRequest);
  return {
    connect,
    historyOf: (error: Error) => histories.get(error),
    close: () => unsubscribe(REQUEST_CHANNEL, noteRequest),
  };
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
  const text = renderPrintable(
    joinLines(result.body.toString('utf8', 0, LOGGED_BYTES)),
    LOGGED_BYTES,
  );
  return { kind: 'answered', status: result.status, attempts, text };
}

function failed(
  reason: UpstreamFailure['reason'],
  mayBeApplied: boolean,
  attempts: number,
  detail: string,
): UpstreamFailure {
  return { kind: 'failed', reason, mayBeApplied, attempts, detail };
}
