import { gzipSync } from 'node:zlib';
import { accept, type ComparedRequest, message, noHarm, pushed, refuse, row } from './request.ts';

const OWN = '/metrics/job/settlement';
const MIB = 1024 * 1024;
const STORED = accept(pushed({ job: 'settlement' }, ['payments_big']));
const ENCODED = ['Content-Encoding: gzip'];

/** So many bytes of series with long label values: few series, much text. */
function series(bytes: number): string {
  const value = 'v'.repeat(500);
  const line = (index: number): string => `payments_big{n="${index}",text="${value}"} 1\n`;
  const count = Math.floor(bytes / line(100).length);
  return Array.from({ length: count }, (_, index) => line(index)).join('');
}

/** So many series with values that do not compress. */
function random(count: number): string {
  let state = 1;
  const next = (): number => {
    state = (state * 48_271) % 0x7fffffff;
    return state;
  };
  const line = (index: number): string => `payments_big{n="${index}"} ${next()}.${next()}\n`;
  return Array.from({ length: count }, (_, index) => line(index)).join('');
}

/** So many short series. */
function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `payments_big{n="${index}"} 1\n`).join('');
}

/** Comments: they cost to read and store nothing. */
function comments(bytes: number): string {
  return `${`# ${'x'.repeat(97)}\n`.repeat(bytes / 100)}payments_big 1\n`;
}

function chunked(body: string): Buffer {
  return Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
}

function push(body: string | Buffer, headers: readonly string[] = []): Buffer {
  return message('PUT', OWN, { body, headers });
}

function pushChunked(body: string): Buffer {
  const headers = ['Transfer-Encoding: chunked'];
  return message('PUT', OWN, { body: chunked(body), headers, contentLength: undefined });
}

const SMALL = gzipSync(random(20));
const TWICE = gzipSync(gzipSync(series(1000)));
/** Not compressed, so that the cut falls behind a line: behind the head of file and block. */
const CUT = gzipSync('payments_a 1\npayments_b 1\n', { level: 0 }).subarray(0, 10 + 5 + 13);

/** How much is it? At most 1 MiB, 8 MiB decoded, 10 000 series, 1 KiB a label value. */
export const SIZES: readonly ComparedRequest[] = [
  row('large', 'a body of 900 KiB', push(series(900 * 1024)), STORED),
  row('large-chunked', 'the same in chunks', pushChunked(series(900 * 1024)), STORED),
  row('gzip', 'a small body, gzip', push(SMALL, ENCODED), STORED),
  row(
    'gzip-large',
    '5 000 series in 68 KiB of gzip',
    push(gzipSync(random(5000)), ENCODED),
    STORED,
  ),
  row('too-large', 'a body of 1.2 MiB', push(series(1.2 * MIB)), refuse),
  row('too-large-chunked', 'the same in chunks', pushChunked(series(1.2 * MIB)), refuse),
  row(
    'too-large-declared',
    'a declared length of 1 TiB',
    message('PUT', OWN, { contentLength: 2 ** 40 }),
    refuse,
    { isCut: true },
  ),
  row(
    'gzip-bomb',
    '64 MiB in 220 KiB of gzip',
    push(gzipSync(comments(64 * MIB)), ENCODED),
    refuse,
  ),
  row(
    'gzip-too-large',
    '9 MiB in 31 KiB of gzip',
    push(gzipSync(comments(9 * MIB)), ENCODED),
    refuse,
  ),
  row('gzip-twice', 'gzip in gzip, declared once', push(TWICE, ENCODED), refuse),
  row('gzip-cut', 'gzip that ends after one of two series', push(CUT, ENCODED), refuse),
  row(
    'gzip-garbage-behind',
    'gzip with garbage behind it',
    push(Buffer.concat([SMALL, Buffer.from('garbage')]), ENCODED),
    noHarm,
  ),
  row('gzip-not-gzip', 'text that says it is gzip', push('payments_big 1\n', ENCODED), refuse),
  row(
    'unknown-encoding',
    'text that says it is Brotli',
    push('payments_big 1\n', ['Content-Encoding: br']),
    refuse,
  ),
  row('series', '20 000 series in 500 KiB', push(numbered(20_000)), refuse),
  row(
    'label-value',
    'a label value of 2 KiB',
    push(`payments_big{text="${'v'.repeat(2048)}"} 1\n`),
    refuse,
  ),
  row(
    'headers',
    '40 KiB in a header',
    message('PUT', OWN, { headers: [`X-Padding: ${'x'.repeat(40_000)}`] }),
    refuse,
  ),
  row(
    'upload-cut',
    'an upload that ends after 2 of 3 series',
    message('PUT', OWN, { body: 'payments_a 1\npayments_b 1\n', contentLength: 39 }),
    refuse,
    { isCut: true },
  ),
  row(
    'upload-cut-chunked',
    'the same in chunks',
    message('PUT', OWN, {
      body: 'd\r\npayments_a 1\n\r\n',
      headers: ['Transfer-Encoding: chunked'],
      contentLength: undefined,
    }),
    refuse,
    { isCut: true },
  ),
];
