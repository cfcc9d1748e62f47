import { type Deny, deny } from '../core/decision.ts';

/** What Node's server says when its parser gives up. */
interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Uint8Array;
}

/** First byte of a TLS handshake. @see RFC 8446 section 5.1 */
const HANDSHAKE = 0x16;

const LINE_ENDS =
  'every line of the head, and the empty one behind it, ends in CR LF (\\r\\n), not in LF alone';

/** What a client can do about it; of what is not here only the operator learns more. */
const ADVICE: Readonly<Record<string, string>> = {
  HPE_CR_EXPECTED: LINE_ENDS,
  HPE_LF_EXPECTED: LINE_ENDS,
  HPE_STRICT: LINE_ENDS,
  'Expected CRLF after version': LINE_ENDS,
  'Invalid header field char': LINE_ENDS,
  HPE_INVALID_URL:
    'the path has a byte that must be percent-encoded: %C3%A9 for é, %20 for a space, %0A for a line feed',
  HPE_INVALID_CONSTANT:
    'the first line is METHOD PATH HTTP/1.1; a space in the path must be written %20',
  HPE_INVALID_HEADER_TOKEN:
    'a header has a byte that may not stand there: names are ASCII without spaces, values without control characters',
  HPE_INVALID_METHOD: 'the first line is METHOD PATH HTTP/1.1, with a method such as PUT or POST',
  HPE_PAUSED_H2_UPGRADE:
    'HTTP/2 is not spoken here: send HTTP/1.1; with curl leave --http2-prior-knowledge out',
  HPE_INVALID_CONTENT_LENGTH: 'Content-Length is not a number',
  HPE_INVALID_CHUNK_SIZE: 'a chunk does not begin with its size in hexadecimal digits',
};
const TLS_HERE = 'TLS is not spoken on this port: ask for http://';

/** What the parser's error means; undefined when there is nobody left to answer. */
export function explainParserError(error: ParserError): Deny | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return deny('headers_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return deny('body_timeout');
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    default:
      return denyMalformed(error);
  }
}

function denyMalformed({ code = '', message, rawPacket }: ParserError): Deny {
  const reason = message.replace(/^Parse Error: /, '');
  const advice = rawPacket?.[0] === HANDSHAKE ? TLS_HERE : (ADVICE[reason] ?? ADVICE[code]);
  const detail = advice === undefined ? `the parser says: ${reason}` : `${advice} (${reason})`;
  return deny('request_malformed', { internal: `${code} ${reason}`, detail });
}
