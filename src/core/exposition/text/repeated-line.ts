import type { LabelSet } from './label-set.ts';
import { BACKSLASH, LINE_FEED, QUOTE } from './token.ts';

/** Where the sample before is: its labels are where the label set says. */
export interface LineBefore {
  /** Where its name begins; -1 if there is none, or it was refused. */
  start: number;
  /** Where its value begins. */
  value: number;
}

/** Whether a byte stands for itself inside quotes. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === QUOTE || byte === BACKSLASH || byte === LINE_FEED ? 0 : 1,
);
const NOT_FOUND = -1;

/**
 * Reads the labels of a sample that differs from the one before in plain label values alone, as
 * neighbours mostly do: what is the same byte for byte has been checked already.
 * @param bytes - of the whole text
 * @param labels - of the sample before; gets the values of this one
 * @param start - where the name begins
 * @returns where the value begins, or -1 for a line that is to be read like any other
 */
export function readRepeatedLabels(
  bytes: Uint8Array,
  labels: LabelSet,
  before: LineBefore,
  start: number,
): number {
  const { starts, ends, count } = labels;
  const longest = labels.scope.limits.labelValue;
  let from = before.start;
  if (from < 0) return NOT_FOUND;
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const open = starts[index] ?? 0;
    if (!isRepeated(bytes, from, open, at)) return NOT_FOUND;
    at += open - from;
    from = ends[index] ?? 0;
    const close = scanPlainBytes(bytes, at);
    if (bytes[close] !== QUOTE || close - at > longest) return NOT_FOUND;
    starts[index] = at;
    ends[index] = close;
    at = close;
  }
  return isRepeated(bytes, from, before.value, at) ? at + before.value - from : NOT_FOUND;
}

/** Whether the bytes from `from` to `end` come again at `at`. */
function isRepeated(bytes: Uint8Array, from: number, end: number, at: number): boolean {
  const distance = at - from;
  for (let one = from; one < end; one += 1) {
    if (bytes[one] !== bytes[one + distance]) return false;
  }
  return true;
}

function scanPlainBytes(bytes: Uint8Array, start: number): number {
  let end = start;
  while (IS_PLAIN[bytes[end] ?? QUOTE] === 1) end += 1;
  return end;
}
