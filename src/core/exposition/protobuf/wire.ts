/** Protobuf bytes and how far they have been read. */
export interface Wire {
  readonly bytes: Buffer;
  at: number;
  /** Elements of repeated fields that may still come: a byte or two on the wire are many here. */
  budget: number;
  /** What was wrong when a read returned undefined. */
  problem: string;
}

const MAX_VARINT_BYTES = 10;
const DOUBLE_BYTES = 8;

/** Begins to read `body`. */
export function createWire(body: Uint8Array): Wire {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { bytes, at: 0, budget: 0, problem: '' };
}

/** Notes what is wrong, for a read that returns undefined. */
export function fail(wire: Wire, problem: string): undefined {
  wire.problem = problem;
  return undefined;
}

/**
 * Reads a varint of at most 64 bits in its shortest form; beyond 2^53 the result is rounded.
 * @param end - where the bytes end that it may be made of
 * @see Protocol Buffers, "Encoding", section "Base 128 Varints"
 */
export function readVarint(wire: Wire, end: number): number | undefined {
  const { bytes, at: start } = wire;
  let value = 0;
  let weight = 1;
  for (let at = start; at < end && at < start + MAX_VARINT_BYTES; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * weight;
    weight *= 0x80;
    if (byte >= 0x80) continue;
    const isPadded = byte === 0 && at > start;
    const overflows = byte > 1 && at === start + MAX_VARINT_BYTES - 1;
    if (isPadded || overflows) break;
    wire.at = at + 1;
    return value;
  }
  return fail(wire, 'a broken varint');
}

/**
 * Reads a varint that stands for a number of either sign.
 * @see Protocol Buffers, "Encoding", section "Signed Integers"
 */
export function readZigzag(wire: Wire, end: number): number | undefined {
  const value = readVarint(wire, end);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value)) return fail(wire, 'a number out of range');
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Reads a double, which may be NaN. */
export function readDouble(wire: Wire, end: number): number | undefined {
  if (end - wire.at < DOUBLE_BYTES) return fail(wire, 'a number that is cut off');
  const value = wire.bytes.readDoubleLE(wire.at);
  wire.at += DOUBLE_BYTES;
  return value;
}

/** Writes a varint in its shortest form. */
export function renderVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

/** Reads the length of what follows; where that ends, which is not after `end`. */
export function readExtent(wire: Wire, end: number): number | undefined {
  const length = readVarint(wire, end);
  if (length === undefined) return undefined;
  return length > end - wire.at ? fail(wire, 'a length beyond the end') : wire.at + length;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a length and as many bytes of UTF-8. */
export function readString(wire: Wire, end: number): string | undefined {
  const stringEnd = readExtent(wire, end);
  if (stringEnd === undefined) return undefined;
  const { bytes, at: start } = wire;
  wire.at = stringEnd;
  let at = start;
  while (at < stringEnd && (bytes[at] ?? 0) < 0x80) at += 1;
  if (at === stringEnd) return bytes.toString('latin1', start, stringEnd);
  try {
    return UTF8.decode(bytes.subarray(start, stringEnd));
  } catch {
    return fail(wire, 'text that is not UTF-8');
  }
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const BYTES_OF_FIXED: Readonly<Record<number, number>> = { 1: DOUBLE_BYTES, 5: 4 };

/**
 * Passes over the value of a field; where its content begins, which is behind its length if it has
 * one.
 * @param wireType - of its tag
 */
export function skipValue(wire: Wire, wireType: number, end: number): number | undefined {
  if (wireType === LENGTH_DELIMITED) {
    const valueEnd = readExtent(wire, end);
    if (valueEnd === undefined) return undefined;
    const start = wire.at;
    wire.at = valueEnd;
    return start;
  }
  const start = wire.at;
  if (wireType === VARINT) return readVarint(wire, end) === undefined ? undefined : start;
  const size = BYTES_OF_FIXED[wireType];
  if (size === undefined || size > end - wire.at) return fail(wire, 'a value that is cut off');
  wire.at += size;
  return start;
}
