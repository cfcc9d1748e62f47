/** Protobuf bytes and how far they have been read. */
export interface Wire {
  readonly bytes: Buffer;
  at: number;
}

/** What a read returns that finds no sound value before `end`. */
export const MALFORMED = -1;

const MAX_VARINT_BYTES = 10;
const DOUBLE_BYTES = 8;

/**
 * Reads a varint of at most 64 bits in its shortest form; beyond 2^53 the result is rounded.
 * @param end - where the bytes end that belong to it
 * @returns `MALFORMED` for one that is cut off, too long or not as short as it could be
 * @see Protocol Buffers, "Encoding", section "Base 128 Varints"
 */
export function readVarint(wire: Wire, end: number): number {
  const { bytes } = wire;
  const start = wire.at;
  let value = 0;
  let weight = 1;
  for (let at = start; at < end && at < start + MAX_VARINT_BYTES; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) {
      const isLonger = byte === 0 && at > start;
      const overflows = at === start + MAX_VARINT_BYTES - 1 && byte > 1;
      wire.at = at + 1;
      return isLonger || overflows ? MALFORMED : value;
    }
    weight *= 0x80;
  }
  return MALFORMED;
}

/**
 * Reads the length of what follows.
 * @returns where that ends, or `MALFORMED` if it would end after `end`
 */
export function readExtent(wire: Wire, end: number): number {
  const length = readVarint(wire, end);
  return length === MALFORMED || length > end - wire.at ? MALFORMED : wire.at + length;
}

/** Reads a double, which may be NaN; undefined when it is cut off. */
export function readDouble(wire: Wire, end: number): number | undefined {
  if (end - wire.at < DOUBLE_BYTES) return undefined;
  const value = wire.bytes.readDoubleLE(wire.at);
  wire.at += DOUBLE_BYTES;
  return value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads UTF-8 up to `end`; undefined when it is none. */
export function readUtf8(wire: Wire, end: number): string | undefined {
  const { bytes, at: start } = wire;
  wire.at = end;
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 0x80) at += 1;
  if (at === end) return bytes.latin1Slice(start, end);
  try {
    return UTF8.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}
