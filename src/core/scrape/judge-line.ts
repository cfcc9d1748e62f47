import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  QUOTE,
} from '../exposition/text/token.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createDecidingLabels, type DecidingLabels } from './deciding-labels.ts';
import { readSeriesLabels } from './series-line.ts';

const SPACE = 0x20;

/** Bytes of names that need no quotes. */
const NAME = new Uint8Array(256);
for (const byte of Buffer.from(
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789',
)) {
  NAME[byte] = 1;
}
const DIGITS_END = 0x3a;

/** Whether the series of a line may be seen; undefined for a line that is not understood. */
export type JudgeLine = (bytes: Buffer, start: number, end: number) => boolean | undefined;

/**
 * Creates what judges the lines of a scrape in the text format that are neither empty nor comments.
 * Most are plain, and are read as they stand there; the rest is read as text.
 */
export function createLineJudge(scope: ReadScope): JudgeLine {
  const plain = createDecidingLabels(scope);
  return (bytes, start, end) => {
    plain.clear();
    if (readPlainLabels(bytes, start, end, plain)) return plain.areSeen(bytes);
    const labels = readSeriesLabels(bytes.toString('latin1', start, end));
    return labels && scope.sees(labels);
  };
}

/** Reads labels without quoted names, escapes and repetitions; false for a line with other ones. */
function readPlainLabels(
  bytes: Uint8Array,
  start: number,
  end: number,
  labels: DecidingLabels,
): boolean {
  let at = skipName(bytes, start);
  if (bytes[at] !== BRACE_OPEN) return false;
  do {
    const nameStart = at + 1;
    const nameEnd = skipName(bytes, nameStart);
    if (nameEnd === nameStart || (bytes[nameStart] ?? 0) < DIGITS_END) return false;
    if (bytes[nameEnd] !== EQUALS || bytes[nameEnd + 1] !== QUOTE) return false;
    const valueEnd = skipValue(bytes, nameEnd + 2, end);
    if (bytes[valueEnd] !== QUOTE) return false;
    if (!labels.note(bytes, nameStart, nameEnd, valueEnd)) return false;
    at = valueEnd + 1;
  } while (bytes[at] === COMMA);
  return bytes[at] === BRACE_CLOSE && bytes[at + 1] === SPACE;
}

function skipName(bytes: Uint8Array, start: number): number {
  let at = start;
  while (NAME[bytes[at] ?? 0] === 1) at += 1;
  return at;
}

/** Where the quote or the first escape is, or the end. */
function skipValue(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at += 1;
  return at;
}
