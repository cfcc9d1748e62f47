import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher, Pool } from 'undici';
import type { UpstreamFailure } from '../core/store/upstream-outcome.ts';
import { Deadlines, type Due } from './deadlines.ts';

/** One request on one connection. */
export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Uint8Array | undefined;
  /** On the monotonic clock of `performance.now`, milliseconds. */
  readonly deadline: number;
  /** Asked once there is a connection for it: whether it may be sent no more. */
  readonly isStale?: () => boolean;
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

/** Codes with which a connection fails before a request is on it, or before an answer. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
]);

const NOTHING = Buffer.alloc(0);

/**
 * Sends one request and reads the answer to its end, both before the deadline. An answer that breaks
 * off, or is not HTTP, is a failure.
 * @param onEnd - called once, whatever comes of it
 */
export function exchange(
  pool: Pool,
  request: ExchangeRequest,
  onEnd: (result: ExchangeResult) => void,
): void {
  const { method, path, headers, body = null } = request;
  const handler = new Exchange(request, onEnd);
  pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body }, handler); // a token by type
}

/** What hears of a request on its way and of its answer. */
class Exchange implements Dispatcher.DispatchHandler, Due {
  readonly deadline: number;
  readonly #isStale: (() => boolean) | undefined;
  readonly #onEnd: (result: ExchangeResult) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #wasAnswered = false;
  #isOver = false;
  #status = 0;
  #date = '';
  #chunks: Buffer[] | undefined;

  constructor({ deadline, isStale }: ExchangeRequest, onEnd: (result: ExchangeResult) => void) {
    this.deadline = deadline;
    this.#isStale = isStale;
    this.#onEnd = onEnd;
    deadlines.add(this);
  }

  onPassed(): void {
    const error = new Error('the deadline passed');
    this.#fail('upstream_timeout', error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.#isOver && this.#isStale?.()) {
      const error = new Error('overtaken in the queue');
      this.#fail('upstream_unreachable', error);
      controller.abort(error);
      return;
    }
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('the deadline passed in the queue'));
  }

  /** At the first byte, which may be all that comes of an answer. */
  onResponseStarted(): void {
    this.#wasAnswered = true;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#date = String(headers['date'] ?? '');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks ??= [];
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#chunks === undefined ? NOTHING : Buffer.concat(this.#chunks);
    this.#end({ kind: 'answered', status: this.#status, body, date: this.#date });
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(this.#classify(error), error);
  }

  #classify(error: Error): UpstreamFailure['reason'] {
    if (this.#controller === undefined) return 'upstream_unreachable';
    if (this.#wasAnswered) return 'upstream_invalid';
    const code = 'code' in error ? String(error.code) : '';
    return UNREACHABLE.has(code) ? 'upstream_unreachable' : 'upstream_invalid';
  }

  #fail(reason: UpstreamFailure['reason'], error: Error): void {
    const wasSent = this.#controller !== undefined;
    this.#end({ kind: 'failed', reason, wasSent, wasAnswered: this.#wasAnswered, error });
  }

  #end(result: ExchangeResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    deadlines.remove(this);
    this.#onEnd(result);
  }
}
