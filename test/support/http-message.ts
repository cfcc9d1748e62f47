/** One HTTP/1 message, split out of raw bytes without judging it. */
export interface HttpMessage {
  /** Request line or status line. */
  readonly startLine: string;
  /** In the order sent, names as sent. */
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  /** Bytes of the whole message. */
  readonly length: number;
  /** Whether body and framing arrived in full. */
  readonly complete: boolean;
  /** Whether only the end of the connection ends the body. */
  readonly untilClose: boolean;
}

export type HeaderLine = readonly [name: string, value: string];

interface Framing {
  /** The message has no body whatever its headers say: an answer to HEAD, 1xx, 204, 304. */
  readonly bodiless?: boolean;
  /** Without a length the body goes on until the connection ends: answers, not requests. */
  readonly untilClose?: boolean;
}

/**
 * Reads the first message of `bytes`; undefined while its head is not complete.
 *
 * @see RFC 9112 section 6
 */
export function readMessage(bytes: Buffer, framing: Framing = {}): HttpMessage | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map(splitHeaderLine);
  const rest = bytes.subarray(end + 4);
  const { length, ...body } = readBody(rest, headers, framing);
  return { startLine, headers, length: end + 4 + length, ...body };
}

/** The values of a header, in the order sent. */
export function headerValues(headers: readonly HeaderLine[], name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return headers.flatMap(([key, value]) => (key.toLowerCase() === wanted ? [value] : []));
}

function splitHeaderLine(line: string): HeaderLine {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

type Body = Pick<HttpMessage, 'body' | 'length' | 'complete' | 'untilClose'>;

function readBody(rest: Buffer, headers: readonly HeaderLine[], framing: Framing): Body {
  const [length] = headerValues(headers, 'content-length');
  const chunked = headerValues(headers, 'transfer-encoding').some((value) =>
    /chunked$/i.test(value),
  );
  if (framing.bodiless) return take(rest, 0);
  if (chunked) return readChunks(rest);
  if (length !== undefined) return take(rest, Number(length));
  if (!framing.untilClose) return take(rest, 0);
  return { body: rest, length: rest.length, complete: false, untilClose: true };
}

function take(rest: Buffer, length: number): Body {
  const body = rest.subarray(0, length);
  return { body, length: body.length, complete: body.length === length, untilClose: false };
}

function readChunks(rest: Buffer): Body {
  const chunks: Buffer[] = [];
  const end = (length: number, complete: boolean): Body => {
    return { body: Buffer.concat(chunks), length, complete, untilClose: false };
  };
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    const size =
      lineEnd < 0 ? Number.NaN : Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || next > rest.length) return end(rest.length, false);
    if (size === 0) return end(next, true);
    chunks.push(rest.subarray(lineEnd + 2, next - 2));
    at = next;
  }
}
