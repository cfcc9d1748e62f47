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

const ONE_LENGTH = 'send Content-Length or Transfer-Encoding: chunked, not both';

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
  'Duplicate Content-Length': 'send Content-Length once: is it set twice, or by a proxy too?',
  "Content-Length can't be present with Transfer-Encoding": ONE_LENGTH,
  "Transfer-Encoding can't be present with Content-Length": ONE_LENGTH,
  HPE_INVALID_TRANSFER_ENCODING:
    'the only transfer coding is chunked; compression is said with Content-Encoding: gzip',
  'Unexpected whitespace after header value':
    'a header goes on in a second line: write it in one, without the line feed',
  HPE_INVALID_CHUNK_SIZE: 'a chunk does not begin with its size in hexadecimal digits',
};
const CUT_OFF = 'HPE_INVALID_EOF_STATE';
/** A method as it begins a request, in small letters. */
const SMALL_METHOD = /^(?:get|head|post|put|delete|patch|options) \//;
const TLS_HERE = 'TLS is not spoken on this port: ask for http://';

/** What the head of a request may have at most. */
export interface HeadLimits {
  readonly bytes: number;
  readonly headers: number;
}

/** What the parser's error means; undefined when there is nobody left to answer. */
export function explainParserError(error: ParserError, limits: HeadLimits): Deny | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return denyLargeHead(limits);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return deny('body_timeout');
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    case CUT_OFF:
      return deny('request_malformed', 'the connection was closed in the middle of a request');
    default:
      return denyMalformed(error);
  }
}

/** Whether the client closed its side before its request was whole. */
export function isCutOff({ code }: ParserError): boolean {
  return code === CUT_OFF;
}

function denyLargeHead({ bytes, headers }: HeadLimits): Deny {
  return deny('headers_too_large', {
    detail: `path and headers have over ${bytes} bytes, or over ${headers} headers`,
    hints: [
      'look for a large token or cookie, and at what proxies add',
      'an operator can raise server.headers, the number of headers; the bytes are fixed',
    ],
  });
}

function denyMalformed({ code = '', message, rawPacket }: ParserError): Deny {
  const reason = message.replace(/^Parse Error: /, '');
  const advice = adviceFrom(rawPacket) ?? ADVICE[reason] ?? ADVICE[code];
  const detail = advice === undefined ? `the parser says: ${reason}` : `${advice} (${reason})`;
  return deny('request_malformed', { internal: `${code} ${reason}`, detail });
}

/** What the first bytes tell that the parser does not. */
function adviceFrom(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.[0] === HANDSHAKE) return TLS_HERE;
  const start = Buffer.from(bytes?.subarray(0, 16) ?? []).toString('latin1');
  return SMALL_METHOD.test(start) ? 'a method is written in capital letters: POST' : undefined;
}
