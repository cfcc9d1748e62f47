import type { Deny } from '../../decision.ts';
import { denyLine } from './line-problem.ts';

/** What text mistaken for the text format begins with. */
const FOREIGN_FORMATS = [
  { begins: '<', name: 'HTML or XML' },
  { begins: '{', name: 'JSON' },
  { begins: '[', name: 'JSON' },
] as const;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes a body and refuses what the text format has nowhere, whatever the lines say. */
export function decodeText(body: Uint8Array): string | Deny {
  let text: string;
  try {
    text = UTF8.decode(body);
  } catch {
    return denyEncoding(body);
  }
  return findMistake(text) ?? text;
}

function findMistake(text: string): Deny | undefined {
  if (text.startsWith('\uFEFF')) {
    return denyLine(1, 'a byte order mark', 'save the file as UTF-8 without a byte order mark');
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) return denyLine(lineOf(text, nul), 'a NUL character', ...UTF16_HINTS);
  const foreign = FOREIGN_FORMATS.find(({ begins }) => text.trimStart().startsWith(begins));
  if (foreign !== undefined) {
    return denyLine(
      1,
      `this looks like ${foreign.name}, not like the text format`,
      'send lines such as batch_duration_seconds{step="load"} 42',
    );
  }
  if (text !== '' && !text.endsWith('\n')) {
    return denyLine(
      lineOf(text, text.length),
      'the last line has no line feed at its end',
      'with curl use --data-binary: -d and --data strip line feeds',
    );
  }
  return undefined;
}

const UTF16_HINTS = ['is it UTF-16? send UTF-8: iconv -f UTF-16 -t UTF-8'] as const;

function denyEncoding(body: Uint8Array): Deny {
  const [first = 0, second = 0] = body;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) return denyLine(1, 'this is UTF-16, not UTF-8', ...UTF16_HINTS);
  return denyLine(firstBrokenLine(body), 'this is not UTF-8', 'send the whole body as UTF-8');
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

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
