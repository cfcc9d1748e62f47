import { allow, type Decision, deny } from '../decision.ts';
import { renderQuoted } from '../printable.ts';

/** The exchange formats of a push. */
export type MediaType = 'text' | 'protobuf';

/** The content encodings of a push. */
export type ContentEncoding = 'identity' | 'gzip' | 'snappy';

/** What goes upstream as `Content-Type`: one of two constants, whatever the client wrote. */
export const CONTENT_TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  protobuf:
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
} as const satisfies Record<MediaType, string>;

const PROTOBUF = 'application/vnd.google.protobuf';

/** Parameters that delimited protobuf must have, exactly so. */
const PROTOBUF_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['proto', 'io.prometheus.client.MetricFamily'],
  ['encoding', 'delimited'],
]);

/** How a scraped target may escape names; it means nothing for a push. */
const IGNORED_PARAMETER = 'escaping';

const PARAMETER = /^[ \t]*([A-Za-z]+)=([A-Za-z0-9._-]+)[ \t]*$/;

/**
 * Tells protobuf from text. Like Pushgateway it takes everything for text that does not look like
 * protobuf, the form type that curl sends included; unlike it, it refuses what looks like protobuf
 * and is spelled in a way that two readers could take for different things.
 * @see pushgateway `handler/push.go`, `Push`; RFC 9110 section 8.3.1
 */
export function resolveMediaType(contentType: string | undefined): Decision<MediaType> {
  if (contentType === undefined || !/protobuf/i.test(contentType)) return allow('text');
  return isDelimitedProtobuf(contentType)
    ? allow('protobuf')
    : deny('encoding_not_supported', {
        detail: 'this protobuf content type is not supported',
        hints: [
          `send "Content-Type: ${CONTENT_TYPES.protobuf}" or the text format`,
          'remote write and OTLP go to Prometheus, not to a push gateway',
        ],
      });
}

function isDelimitedProtobuf(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.split(';');
  if (type.trim().toLowerCase() !== PROTOBUF) return false;
  const seen = new Set<string>();
  for (const parameter of parameters) {
    const [, rawName = '', value = ''] = PARAMETER.exec(parameter) ?? [];
    const name = rawName.toLowerCase();
    const isKnown = name === IGNORED_PARAMETER || PROTOBUF_PARAMETERS.get(name) === value;
    if (!isKnown || seen.has(name)) return false;
    seen.add(name);
  }
  return [...PROTOBUF_PARAMETERS.keys()].every((name) => seen.has(name));
}

const ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['snappy', 'snappy'],
]);

/**
 * Reads `Content-Encoding`: one coding that this gateway can undo, or none.
 * @see RFC 9110 section 8.4.1
 */
export function resolveEncoding(contentEncoding: string | undefined): Decision<ContentEncoding> {
  const encoding = ENCODINGS.get((contentEncoding ?? '').trim().toLowerCase());
  return encoding === undefined
    ? deny('encoding_not_supported', {
        detail: `the content encoding ${renderQuoted(contentEncoding ?? '')} is not supported`,
        hints: [
          ...(/^utf-?8$/i.test(contentEncoding ?? '')
            ? ['utf-8 is a charset: it belongs to Content-Type']
            : []),
          'send the body plain, or once compressed with gzip or framed snappy',
        ],
      })
    : allow(encoding);
}
