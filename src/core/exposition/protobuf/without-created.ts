import { createWire, readExtent, readVarint, type Wire } from './wire.ts';

/** Field numbers on the way from a family to the creation time of its histograms. */
const PATH = [4, 7] as const;
const CREATED_TIMESTAMP = 15;

const VARINT = 0;
const FIXED64 = 1;

/**
 * Writes a body of delimited families anew without the creation times of histograms: Prometheus
 * 3.5.3 with `created-timestamp-zero-ingestion` ends over a native histogram whose creation time is
 * older than its last sample. Everything else is copied as it is.
 * @param body - parsed before, so that it is known to be sound
 * @see prometheus `tsdb/head_append.go`, `AppendHistogramCTZeroSample`
 */
export function withoutCreated(body: Uint8Array): Buffer {
  const wire = createWire(body);
  const families: Buffer[] = [];
  while (wire.at < body.byteLength) {
    const end = readExtent(wire, body.byteLength) ?? body.byteLength;
    families.push(...delimit(copyFields(wire, end, 0)));
  }
  return Buffer.concat(families);
}

/** The fields up to `end`, those on the path gone into. */
function copyFields(wire: Wire, end: number, depth: number): Buffer {
  const parts: Buffer[] = [];
  while (wire.at < end) {
    const start = wire.at;
    const tag = readVarint(wire, end);
    if (tag === undefined) throw new Error('a body is written anew that was not sound');
    const content = wire.at;
    const fieldEnd = skipValue(wire, end, tag % 8);
    const field = Math.floor(tag / 8);
    if (field === PATH[depth]) {
      parts.push(wire.bytes.subarray(start, content));
      wire.at = content;
      const messageEnd = readExtent(wire, end) ?? end;
      parts.push(...delimit(copyFields(wire, messageEnd, depth + 1)));
    } else if (depth < PATH.length || field !== CREATED_TIMESTAMP) {
      parts.push(wire.bytes.subarray(start, fieldEnd));
    }
    wire.at = fieldEnd;
  }
  return Buffer.concat(parts);
}

/** Passes over a value; where it ends. */
function skipValue(wire: Wire, end: number, wireType: number): number {
  if (wireType === VARINT) readVarint(wire, end);
  else wire.at = wireType === FIXED64 ? wire.at + 8 : (readExtent(wire, end) ?? end);
  return wire.at;
}

function delimit(message: Buffer): readonly Buffer[] {
  return [renderVarint(message.byteLength), message];
}

function renderVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
