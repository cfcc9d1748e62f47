import type { Dispatcher, Pool } from 'undici';
import type { UpstreamFailure } from '../core/store/upstream-outcome.ts';
import { Deadlines } from './deadlines.ts';

/** One request on one connection. */
export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** On the monotonic clock of `performance.now`, milliseconds. */
  readonly deadline: number;
  /** Asked once there is a connection for it: whether it may still be sent. */
  readonly mayStart?: (() => boolean) | undefined;
  /** Gets the body of the answer as it comes; the result then has none. */
  readonly onData?: (chunk: Buffer) => void;
}

/** An answer read to its end, or how it failed. */
export type ExchangeResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: Buffer;
      /** Its `Date` header. */
      readonly date: string;
    }
  | {
      readonly kind: 'failed';
      readonly reason: UpstreamFailure['reason'];
      /** Whether a byte of the request may have left. */
      readonly wasSent: boolean;
      /** Whether a byte of an answer arrived. */
      readonly wasAnswered: boolean;
      readonly error: Error;
    };

/** Of all requests that are under way. */
const deadlines = new Deadlines();

/** Codes with which a connection fails before a request is on it. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const CONNECTION_LOST = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/**
 * Sends one request and reads the answer to its end, both before the deadline. Never rejects: an
 * answer that breaks off, or is not HTTP, is a failure.
 */
export function exchange(pool: Pool, request: ExchangeRequest): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    const handler = createHandler(resolve, request);
    const { method, path, headers, body = null } = request;
    pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body }, handler); // a token by type
  });
}

function createHandler(
  resolve: (result: ExchangeResult) => void,
  { deadline, mayStart, onData }: ExchangeRequest,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  let status = 0;
  let date = '';
  let isOver = false;
  const chunks: Buffer[] = [];
  const fail = (reason: UpstreamFailure['reason'], error: Error): void => {
    const wasSent = controller !== undefined;
    end({ kind: 'failed', reason, wasSent, wasAnswered: status !== 0, error });
  };
  const end = (result: ExchangeResult): void => {
    isOver = true;
    forgetDeadline();
    resolve(result);
  };
  const forgetDeadline = deadlines.add(deadline, () => {
    const error = new Error('the deadline passed');
    fail('upstream_timeout', error);
    controller?.abort(error);
  });
  return {
    onRequestStart: (started) => {
      if (!isOver && mayStart?.() === false) {
        const error = new Error('overtaken in the queue');
        fail('upstream_unreachable', error);
        started.abort(error);
        return;
      }
      controller = started;
      if (isOver) started.abort(new Error('the deadline passed in the queue'));
    },
    onResponseStart: (_, statusCode, headers) => {
      status = statusCode;
      date = String(headers['date'] ?? '');
    },
    onResponseData: (_, chunk) => {
      if (onData === undefined) chunks.push(chunk);
      else onData(chunk);
    },
    onResponseEnd: () => end({ kind: 'answered', status, body: Buffer.concat(chunks), date }),
    onResponseError: (_, error) => {
      if (!isOver) fail(classify(error, controller !== undefined, status !== 0), error);
    },
  };
}

function classify(error: Error, wasSent: boolean, wasAnswered: boolean): UpstreamFailure['reason'] {
  const code = 'code' in error ? String(error.code) : '';
  if (!wasSent || UNREACHABLE.has(code)) return 'upstream_unreachable';
  return !wasAnswered && CONNECTION_LOST.has(code) ? 'upstream_unreachable' : 'upstream_invalid';
}
