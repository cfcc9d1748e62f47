import { setTimeout as waitFor } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import { judgeAnswer, type Verdict } from './judge-answer.ts';
import { type ClientRequest, type Exchange, send } from './send.ts';

interface Patience {
  /** Repeats after the first attempt. */
  readonly retries: number;
  /** For everything, milliseconds. */
  readonly timeoutMs: number;
  /** Told before every repeat: what went wrong, and when it is tried again. */
  readonly onRepeat: (message: string) => void;
}

const REPEATABLE = new Set([429, 502, 503, 504]);

/** Reasons after which it is certain that nothing was stored. */
const NOTHING_STORED = new Set([
  'rate_limited',
  'too_many_concurrent',
  'too_many_failures',
  'overloaded',
  'draining',
  'issuer_unavailable',
  'state_unavailable',
]);

const FIRST_WAIT_MS = 1000;

/**
 * Sends a request, and again after 429, 502, 503, 504 and broken connections, when `Retry-After`
 * says so, else after a time that doubles. A POST is only sent again if it cannot have been stored.
 */
export async function sendPatiently(
  connection: Connection,
  request: Omit<ClientRequest, 'timeoutMs'>,
  { retries, timeoutMs, onRepeat }: Patience,
): Promise<Verdict> {
  const end = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    const left = Math.max(1, end - performance.now());
    const exchange = await send(connection, { ...request, timeoutMs: Math.round(left) });
    const verdict = judgeAnswer(exchange, request.method);
    if (attempt >= retries || !isRepeatable(exchange, verdict, request.method)) {
      return giveUp(exchange, verdict);
    }
    const waitMs = readRetryAfter(exchange) ?? FIRST_WAIT_MS * 2 ** attempt;
    if (performance.now() + waitMs >= end) return giveUp(exchange, verdict);
    if (verdict.kind !== 'done') onRepeat(`${verdict.message}\n  again in ${waitMs / 1000} s`);
    await waitFor(waitMs);
  }
}

/** What another attempt could have changed is no refusal. */
function giveUp(exchange: Exchange, verdict: Verdict): Verdict {
  if (verdict.kind !== 'refused' || exchange.kind === 'failed') return verdict;
  return REPEATABLE.has(exchange.status) || exchange.status >= 500
    ? { kind: 'failed', message: verdict.message }
    : verdict;
}

function isRepeatable(exchange: Exchange, verdict: Verdict, method: string): boolean {
  if (verdict.kind === 'done') return false;
  if (exchange.kind === 'failed') {
    const isRepeated = !exchange.mayHaveArrived || method !== 'POST';
    return isRepeated && !/certificate|TLS|not HTTP/.test(exchange.problem);
  }
  if (!REPEATABLE.has(exchange.status)) return false;
  if (method !== 'POST') return true;
  return verdict.kind === 'refused' && NOTHING_STORED.has(verdict.reason);
}

/** Milliseconds. */
function readRetryAfter(exchange: Exchange): number | undefined {
  if (exchange.kind === 'failed') return undefined;
  const header = exchange.headers['retry-after'];
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
