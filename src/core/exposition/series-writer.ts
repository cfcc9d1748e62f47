import { hashInput, reserveHashInput } from '../xxh64/xxh64.ts';

/** A UTF-16 code unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3;
const ENCODER = new TextEncoder();
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LINE_FEED = 0x0a;

/** Writes a name or a label value to the series that is being identified. */
export function writeText(text: string): void {
  reserveHashInput(text.length * MAX_UNIT_BYTES);
  const { bytes, length: start } = hashInput;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) {
      hashInput.length = start + at;
      writeUnicode(text.slice(at));
      return;
    }
    bytes[start + at] = code;
  }
  hashInput.length = start + text.length;
}

/** The same of a label value as it stands in the text format, escaped. */
export function writeEscapedText(text: string, start: number, end: number): void {
  reserveHashInput((end - start) * MAX_UNIT_BYTES);
  const { bytes } = hashInput;
  for (let at = start; at < end; at += 1) {
    let code = text.charCodeAt(at);
    if (code === BACKSLASH) {
      at += 1;
      const escaped = text.charCodeAt(at);
      code = escaped === LETTER_N ? LINE_FEED : escaped;
    } else if (code >= 0x80) {
      const next = text.indexOf('\\', at);
      const stop = next === -1 || next > end ? end : next;
      writeUnicode(text.slice(at, stop));
      at = stop - 1;
      continue;
    }
    bytes[hashInput.length] = code;
    hashInput.length += 1;
  }
}

/** The same in the bytes of a body. */
export function writeEscapedBytes(body: Uint8Array, start: number, end: number): void {
  reserveHashInput(end - start);
  const { bytes } = hashInput;
  let to = hashInput.length;
  for (let at = start; at < end; at += 1) {
    let code = body[at] ?? 0;
    if (code === BACKSLASH) {
      at += 1;
      const escaped = body[at] ?? 0;
      code = escaped === LETTER_N ? LINE_FEED : escaped;
    }
    bytes[to] = code;
    to += 1;
  }
  hashInput.length = to;
}

/** Writes bytes as they are: mostly a few, which are copied faster one by one. */
export function writeBytes(source: Uint8Array, start = 0, end = source.length): void {
  reserveHashInput(end - start);
  const { bytes, length } = hashInput;
  const distance = length - start;
  for (let at = start; at < end; at += 1) bytes[at + distance] = source[at] ?? 0;
  hashInput.length = length + end - start;
}

/** Not by `encodeInto`, which may write on what stands behind. */
function writeUnicode(text: string): void {
  writeBytes(ENCODER.encode(text));
}
