import { checkFraming } from '../../core/request/framing.ts';
import type { PageExchange } from './page-exchange.ts';

/** More than a token and every other field of a form. */
const MAX_FORM_BYTES = 32 * 1024;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/**
 * Reads the form of a request, in the time that a push has for its body; undefined for one that is
 * too large, late, cut off or of another type.
 */
export async function readForm({
  request,
  snapshot: { bodyChunks: maxChunks, bodyTimeoutMs: timeoutMs },
  gateway,
}: PageExchange): Promise<URLSearchParams | undefined> {
  if (!FORM_TYPE.test(request.headers.contentType ?? '')) return undefined;
  const framing = checkFraming(request.head);
  if (framing.effect === 'deny') return undefined;
  const { contentLength } = framing.value;
  if ((contentLength ?? 0) > MAX_FORM_BYTES) return undefined;
  using lease = gateway.byteBudget.open();
  const bounds = { maxBytes: MAX_FORM_BYTES, maxChunks, timeoutMs, lease };
  const body = await request.readBody(contentLength, bounds);
  return body.effect === 'deny'
    ? undefined
    : new URLSearchParams(Buffer.from(body.value).toString('utf8'));
}
