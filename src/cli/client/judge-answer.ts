import { renderPrintable } from '../../core/printable.ts';
import type { Exchange } from './send.ts';

/** What an exchange with the gateway means. */
export type Verdict =
  | {
      readonly kind: 'done';
      readonly body: string;
      /** Pushgateway is away, and the gateway keeps it until it is back. */
      readonly isSpooled: boolean;
    }
  /** The gateway said no, in its own words. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  /** Nobody knows, or somebody else answered. */
  | { readonly kind: 'failed'; readonly message: string };

const MAX_MESSAGE_BYTES = 2000;

/** The first line of a refusal: `job_not_allowed: … (REQUEST-ID)`. */
const REFUSAL = /^([a-z]+(?:_[a-z]+)*): ./;

/**
 * Judges the answer to a push, delete or read. Only what the gateway itself said counts: a page or a
 * redirect of something in between is a failure, whatever its status.
 */
export function judgeAnswer(exchange: Exchange, method: string): Verdict {
  if (exchange.kind === 'failed') {
    const isOpen = exchange.mayHaveArrived && method !== 'GET';
    const done = method === 'DELETE' ? 'deleted' : 'stored';
    const doubt = isOpen ? `; whether it was ${done} is not known` : '';
    return { kind: 'failed', message: exchange.problem + doubt };
  }
  const { status, headers, body } = exchange;
  const type = headers['content-type'] ?? '';
  if (status >= 300 && status < 400) {
    const to = renderPrintable(headers.location ?? 'nowhere', MAX_MESSAGE_BYTES);
    return {
      kind: 'failed',
      message: `it redirects to ${to} (status ${status}), and redirects are not followed: give the address that it leads to`,
    };
  }
  const isGateways = headers['x-request-id'] !== undefined;
  if (isGateways && isSuccess(status, type, body, method)) {
    return { kind: 'done', body, isSpooled: headers['x-push-spooled'] === 'true' };
  }
  const reason = REFUSAL.exec(body)?.[1];
  if (isGateways && status >= 400 && reason !== undefined && type.startsWith('text/plain')) {
    return { kind: 'refused', reason, message: renderLines(body) };
  }
  const what = type.startsWith('text/html') ? 'a web page' : 'something';
  return {
    kind: 'failed',
    message: `${what} that is not of pushwarden came back (status ${status}): is a proxy in between, or the address wrong?`,
  };
}

/** A push or delete is answered by a bare status; a listing is JSON. */
function isSuccess(status: number, type: string, body: string, method: string): boolean {
  if (method === 'GET') return status === 200 && type.startsWith('application/json');
  return (status === 200 || status === 202) && body === '';
}

function renderLines(body: string): string {
  const lines = body.trimEnd().split('\n');
  return lines.map((line) => renderPrintable(line, MAX_MESSAGE_BYTES)).join('\n  ');
}
