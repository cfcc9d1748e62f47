import type { Deny } from '../../decision.ts';
import { deny } from '../../decision.ts';
import { explainForeignBytes, looksLikeProtobuf } from '../foreign-bytes.ts';
import { CONTENT_TYPES } from '../media-type.ts';
import { denyLine } from './line-problem.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const FROM_UTF16 = [
  'send UTF-8: iconv -f UTF-16 -t UTF-8',
  'in PowerShell 7 -Encoding utf8NoBOM; before, > and Out-File write UTF-16',
] as const;

/** What is said of bytes that are neither text nor anything known. */
const BINARY = {
  detail: 'the body is binary, not text',
  hints: [
    'is it compressed? gzip is taken, with Content-Encoding: gzip, and framed snappy',
    'is it another file than it should be?',
  ],
} as const;
/** Bytes at the beginning that tell binary from text. */
const LOOKED_AT = 512;

function isSpace(byte: number): boolean {
  return byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Decodes a body and refuses what the text format has nowhere, whatever the lines say. */
export function decodeText(body: Uint8Array): string | Deny {
  let text: string;
  try {
    text = UTF8.decode(body);
  } catch {
    return denyBytes(body);
  }
  if (text.startsWith('\uFEFF')) {
    return denyLine(
      1,
      'a byte order mark',
      'save the file as UTF-8 without it: in PowerShell 7 -Encoding utf8NoBOM, else sed 1s/^...//',
    );
  }
  const nul = text.indexOf('\0');
  return nul === -1 ? text : denyNul(body, lineOf(text, nul));
}

/** Refuses bytes that are no text, as what they are. */
function denyBytes(body: Uint8Array): Deny {
  const [first = 0, second = 0] = body;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) return denyLine(1, 'this is UTF-16, not UTF-8', ...FROM_UTF16);
  const isBinary = body.subarray(0, LOOKED_AT).some((byte) => byte < 0x20 && !isSpace(byte));
  return (
    denyForeign(body) ??
    (isBinary ? deny('body_invalid', BINARY) : undefined) ??
    denyLine(
      firstBrokenLine(body),
      'this is not UTF-8',
      'send the whole body as UTF-8: iconv -f LATIN1 -t UTF-8',
    )
  );
}

function denyNul(body: Uint8Array, line: number): Deny {
  const isWide = body[1] === 0 || body[0] === 0;
  const foreign = isWide ? undefined : denyForeign(body);
  if (isWide) return foreign ?? denyLine(line, 'this is UTF-16, not UTF-8', ...FROM_UTF16);
  return (
    foreign ?? denyLine(line, 'a NUL character', 'leave it out; is the file UTF-16, or binary?')
  );
}

/** Refuses what is compressed, or protobuf without its header. */
function denyForeign(body: Uint8Array): Deny | undefined {
  const foreign = explainForeignBytes(body);
  if (foreign !== undefined) {
    return deny('body_invalid', { detail: foreign.problem, hints: foreign.hints });
  }
  if (!looksLikeProtobuf(body)) return undefined;
  return deny('body_invalid', {
    detail: 'the body is protobuf, and was not sent as such',
    hints: [`add the header Content-Type: ${CONTENT_TYPES.protobuf}`],
  });
}

function firstBrokenLine(body: Uint8Array): number {
  let line = 1;
  let start = 0;
  for (;;) {
    const end = body.indexOf(0x0a, start);
    if (end === -1) return line;
    try {
      UTF8.decode(body.subarray(start, end));
    } catch {
      return line;
    }
    line += 1;
    start = end + 1;
  }
}

/** The line that an offset is in, counted from 1. */
function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
