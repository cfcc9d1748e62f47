import { allow, type Decision, deny } from '../decision.ts';
import { remember } from '../memo.ts';

/** The head of a request as the parser saw it. */
export interface RequestHead {
  /** `1.1` */
  readonly httpVersion: string;
  /** Names and values in turn, as they stood in the request. */
  readonly rawHeaders: readonly string[];
}

/** How the body of a request is delimited. */
export interface Framing {
  /** Bytes; undefined for a chunked body. */
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
}

/** Headers of which two readers take different ones when there are several. */
const SINGLE_HEADERS = [
  'host',
  'authorization',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
] as const;
type SingleHeader = (typeof SINGLE_HEADERS)[number];

/** `name:port`, `1.2.3.4`, `[::1]:9091`; the port may be empty (RFC 3986 section 3.2.3). */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/**
 * Refuses what the HTTP parser lets through although two readers could disagree on it: repeated
 * headers, transfer codings other than chunked, versions other than 1.0 and 1.1, a missing or
 * malformed Host.
 * @see RFC 9112 sections 3.2, 6.1 and 6.3; RFC 9110 section 10.1.1
 */
export function checkFraming(head: RequestHead): Decision<Framing> {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') {
    return malformed('only HTTP/1.1 and HTTP/1.0 are spoken here', 'send HTTP/1.1');
  }
  const collected = collectSingles(head.rawHeaders);
  if (collected.effect === 'deny') return collected;
  const singles = collected.value;
  const host = singles.get('host');
  if (host === undefined ? head.httpVersion === '1.1' : !HOST.test(host)) {
    return malformed(
      'the Host header is missing or malformed',
      'send one, with the name and port of the URL alone, such as "Host: gateway:9091"',
    );
  }
  const length = checkLength(head, singles);
  if (length.effect === 'deny') return length;
  const expect = singles.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return deny('expectation_failed');
  }
  return allow({ contentLength: length.value, expectsContinue: expect !== undefined });
}

const NONE = Symbol('none of them');

/** Which of the single headers a name is, however it is written. */
const findSingle = remember((written) => {
  const lower = written.toLowerCase();
  const name = SINGLE_HEADERS.find((single) => single === lower.replaceAll('_', '-'));
  return name === undefined ? NONE : { name, isUnderscored: name !== lower };
}, 256);

function collectSingles(rawHeaders: readonly string[]): Decision<Map<SingleHeader, string>> {
  const singles = new Map<SingleHeader, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const found = findSingle(rawHeaders[index] ?? '');
    if (found === NONE) continue;
    const { name, isUnderscored } = found;
    // A proxy of the CGI family takes `Transfer_Encoding` for the real one.
    if (isUnderscored) {
      return malformed(`the ${name} header is written with an underscore`, 'write it with "-"');
    }
    if (singles.has(name)) {
      return malformed(
        `the request has two ${name} headers`,
        'send one: is it set twice in the script, or by a proxy once more?',
      );
    }
    singles.set(name, rawHeaders[index + 1] ?? '');
  }
  return allow(singles);
}

function checkLength(
  head: RequestHead,
  singles: ReadonlyMap<SingleHeader, string>,
): Decision<number | undefined> {
  const coding = singles.get('transfer-encoding');
  const length = singles.get('content-length');
  if (coding !== undefined) {
    if (head.httpVersion === '1.0')
      return malformed('HTTP/1.0 has no transfer codings', ONE_LENGTH);
    if (coding.toLowerCase() !== 'chunked') {
      return malformed('the only transfer coding is chunked', COMPRESSION);
    }
    if (length !== undefined) {
      return malformed('Content-Length beside Transfer-Encoding', 'send one of them');
    }
    return allow(undefined);
  }
  if (length === undefined) return allow(0);
  if (!/^[0-9]{1,15}$/.test(length)) {
    return malformed('Content-Length is not a number', 'write the bytes of the body, in digits');
  }
  return allow(Number(length));
}

const ONE_LENGTH = 'send Content-Length, or HTTP/1.1';
const COMPRESSION = 'compression is said with Content-Encoding: gzip';

function malformed(detail: string, ...hints: readonly string[]): Decision<never> {
  return deny('request_malformed', { detail, hints });
}
