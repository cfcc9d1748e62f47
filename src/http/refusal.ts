import { STATUS_CODES } from 'node:http';
import type { Deny } from '../core/decision.ts';
import { REASONS, type Reason } from '../core/reason.ts';

/** What a refusal needs of the request that it answers. */
export interface RefusalContext {
  readonly requestId: string;
  /** The request's `Accept`. */
  readonly accept: string | undefined;
  /** `WWW-Authenticate` values for a 401. */
  readonly challenges: readonly string[];
  /** Whom to ask; the last line. */
  readonly contact?: string | undefined;
}

/** A refusal as it goes over the wire. */
export interface RenderedRefusal {
  readonly status: number;
  /** Carries the reason: some clients print nothing else. */
  readonly phrase: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

const MAX_FIRST_LINE = 120;
const DEFAULT_RETRY_SECONDS = 1;

/** Renders the answer to a refused request; only the reason and public words go in. */
export function renderRefusal(refusal: Deny, context: RefusalContext): RenderedRefusal {
  const row = REASONS[refusal.reason];
  const isProblem = prefersProblem(context.accept);
  const body = isProblem ? renderProblem(refusal, context) : renderText(refusal, context);
  return {
    status: row.status,
    phrase: `${STATUS_CODES[row.status]} (${refusal.reason})`,
    headers: {
      'content-type': isProblem ? 'application/problem+json' : 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'x-request-id': context.requestId,
      ...(row.status === 401 && { 'www-authenticate': [...context.challenges] }),
      ...(row.retryable && {
        'retry-after': String(refusal.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS),
      }),
      ...(refusal.allowedMethods && { allow: refusal.allowedMethods.join(', ') }),
    },
    body,
  };
}

/** Text for everybody but those who ask for JSON before anything else. */
function prefersProblem(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const types = accept.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  return types[0] === 'application/json' || types.includes('application/problem+json');
}

function renderText(refusal: Deny, { requestId, contact }: RefusalContext): string {
  const title = titleOf(refusal.reason);
  const { detail = title } = refusal;
  const hints = hintsOf(refusal);
  const first = `${refusal.reason}: ${detail} (${requestId})`;
  const lines =
    first.length <= MAX_FIRST_LINE
      ? [first, ...hints]
      : [`${refusal.reason}: ${title} (${requestId})`, detail, ...hints];
  return `${[...lines, ...(contact === undefined ? [] : [contact])].join('\n')}\n`;
}

/** @see RFC 9457 section 3.1 */
function renderProblem(refusal: Deny, { requestId }: RefusalContext): string {
  const title = titleOf(refusal.reason);
  const { detail = title } = refusal;
  const hints = hintsOf(refusal);
  return JSON.stringify({
    type: `urn:pushwarden:reason:${refusal.reason}`,
    title,
    status: REASONS[refusal.reason].status,
    detail: [detail, ...hints].join('\n'),
    reason: refusal.reason,
    request_id: requestId,
  });
}

function titleOf(reason: Reason): string {
  return REASONS[reason].title;
}

/** What to do: of a refusal that does not say, what its reason says. */
function hintsOf({ reason, hints = [] }: Deny): readonly string[] {
  return hints.length > 0 ? hints : [REASONS[reason].advice];
}
