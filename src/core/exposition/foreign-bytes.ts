import { scanMetricName } from './name.ts';

/** What a body turns out to be by its first bytes. */
export interface ForeignBytes {
  readonly problem: string;
  readonly hints: readonly string[];
}

/** Compressed formats that can be sent, by how they begin, in hexadecimal. */
const ENCODINGS = [
  { begins: '1f8b', name: 'gzip', header: 'gzip' },
  { begins: 'ff060000734e61507059', name: 'framed snappy', header: 'snappy' },
] as const;

/** Formats that cannot. */
const OTHERS = [
  { begins: '28b52ffd', name: 'zstd' },
  { begins: '425a68', name: 'bzip2' },
  { begins: 'fd377a585a00', name: 'xz' },
  { begins: '504b0304', name: 'a zip archive' },
  { begins: '504b0506', name: 'a zip archive' },
  { begins: '377abcaf271c', name: '7z' },
  { begins: '04224d18', name: 'lz4' },
  { begins: '1f9d', name: 'compress (.Z)' },
  { begins: '4c5a4950', name: 'lzip' },
  { begins: '5d000080', name: 'lzma' },
  { begins: '7801', name: 'zlib (deflate)' },
  { begins: '785e', name: 'zlib (deflate)' },
  { begins: '789c', name: 'zlib (deflate)' },
  { begins: '78da', name: 'zlib (deflate)' },
] as const;

const PLAIN_OR_GZIP =
  'send the body plain, or compressed once with gzip and Content-Encoding: gzip';
const LONGEST = 10;

/**
 * Says what a body is that was not understood, by its first bytes: compressed, or protobuf.
 * Undefined when it could be text.
 */
export function explainForeignBytes(body: Uint8Array): ForeignBytes | undefined {
  const begin = Buffer.from(body.subarray(0, LONGEST)).toString('hex');
  const encoding = ENCODINGS.find(({ begins }) => begin.startsWith(begins));
  if (encoding !== undefined) {
    return {
      problem: `the body is compressed (${encoding.name})`,
      hints: [
        `add the header Content-Encoding: ${encoding.header}`,
        'with that header sent, it is compressed twice: compress it once',
      ],
    };
  }
  const other = OTHERS.find(({ begins }) => begin.startsWith(begins));
  if (other !== undefined && !isPrintable(body)) {
    return { problem: `the body is ${other.name}, which is not taken`, hints: [PLAIN_OR_GZIP] };
  }
  return undefined;
}

/** Whether a body that is no text is a metric family of the protobuf format. */
export function looksLikeProtobuf(body: Uint8Array): boolean {
  const start = body.findIndex((byte) => byte < 0x80) + 1;
  const nameLength = body[start + 1] ?? 0;
  if (start > 5 || body[start] !== 0x0a || nameLength === 0) return false;
  const name = Buffer.from(body.subarray(start + 2, start + 2 + nameLength)).toString('latin1');
  return name.length === nameLength && scanMetricName(name, 0) === nameLength;
}

function isPrintable(body: Uint8Array): boolean {
  return body.subarray(0, 64).every((byte) => byte === 0x0a || (byte >= 0x20 && byte < 0x7f));
}
