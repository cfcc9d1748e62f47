import { AUTHORIZATION, type ComparedRequest, noHarm, row } from './request.ts';

/** What an attacker hopes that Pushgateway, but not the proxy, takes for a request. */
const SMUGGLED = 'DELETE /metrics/job/search_index/instance/a HTTP/1.1\r\nHost: x\r\n\r\n';

/** An allowed push with these framing headers and this text behind the head. */
function framed(framing: readonly string[], behind: string, version = '1.1'): Buffer {
  const head = [
    `POST /metrics/job/settlement HTTP/${version}`,
    'Host: push.example.com',
    `Authorization: ${AUTHORIZATION.payments}`,
    ...framing,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${behind}`, 'latin1');
}

const LENGTH = SMUGGLED.length;
const END = `0\r\n\r\n${SMUGGLED}`;

/** Where does it end? Behind an allowed push comes a DELETE of what another team has. */
export const FRAMING: readonly ComparedRequest[] = [
  row(
    'length-and-chunks',
    'a length and chunks, the length longer',
    framed([`Content-Length: ${END.length}`, 'Transfer-Encoding: chunked'], END),
    noHarm,
  ),
  row(
    'chunks-and-length',
    'chunks and a length, the length shorter',
    framed(
      ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      `${LENGTH.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ),
    noHarm,
  ),
  row(
    'two-lengths',
    'two lengths',
    framed(['Content-Length: 0', `Content-Length: ${LENGTH}`], SMUGGLED),
    noHarm,
  ),
  row(
    'length-list',
    'a list of lengths',
    framed([`Content-Length: 0, ${LENGTH}`], SMUGGLED),
    noHarm,
  ),
  row('length-with-plus', 'a length with a sign', framed(['Content-Length: +0'], SMUGGLED), noHarm),
  row(
    'unknown-coding',
    '`Transfer-Encoding: xchunked`',
    framed(['Transfer-Encoding: xchunked', 'Content-Length: 0'], SMUGGLED),
    noHarm,
  ),
  row(
    'coding-with-tab',
    '`Transfer-Encoding:` and a vertical tab',
    framed(['Transfer-Encoding: \vchunked', 'Content-Length: 0'], SMUGGLED),
    noHarm,
  ),
  row(
    'space-before-colon',
    'a space before the colon of `Transfer-Encoding`',
    framed(['Transfer-Encoding : chunked', 'Content-Length: 0'], END),
    noHarm,
  ),
  row(
    'underscore',
    '`Transfer_Encoding` with a length',
    framed(['Transfer_Encoding: chunked', 'Content-Length: 0'], END),
    noHarm,
  ),
  row(
    'chunk-size-overflow',
    'a chunk size beyond 64 bits',
    framed(['Transfer-Encoding: chunked'], `10000000000000000\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    noHarm,
  ),
  row(
    'chunks-in-http-1-0',
    'chunks in HTTP/1.0',
    framed(
      ['Transfer-Encoding: chunked', 'Content-Length: 0', 'Connection: keep-alive'],
      END,
      '1.0',
    ),
    noHarm,
  ),
  row(
    'folded-header',
    'a folded header line',
    framed(['Content-Length: 0', 'X-A: b', ' Transfer-Encoding: chunked'], END),
    noHarm,
  ),
];
