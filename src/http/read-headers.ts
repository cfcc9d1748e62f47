import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderValues } from './security-headers.ts';

/** Formats of a scrape and of the API that Pushgateway speaks. */
const MEDIA_TYPES = new Set([
  '*/*',
  'text/plain',
  'application/json',
  'application/openmetrics-text',
  'application/vnd.google.protobuf',
]);
/** Of these no part can be taken; of protobuf only where each family has its length in front. */
const WHOLE_ONLY =
  /^application\/(?:openmetrics-text|vnd\.google\.protobuf(?!.*;encoding="?delimited"?(?:;|$)))/i;
const CODINGS = new Set(['gzip', 'identity', 'snappy', 'zstd', '*']);
const ELEMENT = /^[A-Za-z0-9*/+.-]+(?:;[A-Za-z0-9=."+_-]+)*$/;

/** Headers of the upstream's answer that a caller gets. */
const ANSWER_HEADERS = ['content-type', 'content-encoding', 'content-length', 'vary'] as const;

/**
 * Renders the headers of a read as they go upstream: the caller's preferences as far as they are
 * known, the gateway's own credential, nothing else.
 * @param isWhole - whether the answer goes out as it is; a part is taken of fewer formats
 */
export function renderReadHeaders(
  headers: IncomingHttpHeaders,
  authorization: string | undefined,
  isWhole: boolean,
): IncomingHttpHeaders {
  const accept = keepKnown(headers.accept, MEDIA_TYPES, isWhole ? undefined : WHOLE_ONLY);
  const encodings = headers['accept-encoding']?.toString();
  const encoding = isWhole ? keepKnown(encodings, CODINGS) : 'identity';
  return {
    ...(accept !== '' && { accept }),
    ...(encoding !== '' && { 'accept-encoding': encoding }),
    ...(authorization !== undefined && { authorization }),
  };
}

/** Picks what a caller may see of the headers of the upstream's answer. */
export function pickAnswerHeaders(headers: IncomingHttpHeaders): HeaderValues {
  const picked: Record<string, string> = {};
  for (const name of ANSWER_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}

function keepKnown(list: string | undefined, known: ReadonlySet<string>, but?: RegExp): string {
  const elements = (list ?? '').split(',').map((element) => element.replaceAll(/[ \t]/g, ''));
  return elements
    .filter((element) => ELEMENT.test(element))
    .filter((element) => known.has(element.split(';', 1)[0]?.toLowerCase() ?? ''))
    .filter((element) => but?.test(element) !== true)
    .join(', ');
}
