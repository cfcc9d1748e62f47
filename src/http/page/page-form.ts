import type { IncomingMessage } from 'node:http';

/** More than a token and every other field of a form. */
const MAX_FORM_BYTES = 32 * 1024;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** Reads the form of a request; undefined for one that is too large, cut off or of another type. */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  if (!FORM_TYPE.test(req.headers['content-type'] ?? '')) return undefined;
  if (Number(req.headers['content-length'] ?? 0) > MAX_FORM_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req) {
      bytes += chunk.length;
      if (bytes > MAX_FORM_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
