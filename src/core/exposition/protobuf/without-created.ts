import { createWire, readExtent, readVarint, renderVarint, skipValue, type Wire } from './wire.ts';

/** Field numbers on the way from a family to the creation time of its histograms. */
const PATH = [4, 7] as const;
const CREATED_TIMESTAMP = 15;

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
    const behindTag = wire.at;
    const content = tag === undefined ? undefined : skipValue(wire, tag % 8, end);
    if (tag === undefined || content === undefined) {
      throw new Error('a body is written anew that was not sound');
    }
    const fieldEnd = wire.at;
    const field = Math.floor(tag / 8);
    if (field === PATH[depth]) {
      parts.push(wire.bytes.subarray(start, behindTag));
      wire.at = content;
      parts.push(...delimit(copyFields(wire, fieldEnd, depth + 1)));
    } else if (depth < PATH.length || field !== CREATED_TIMESTAMP) {
      parts.push(wire.bytes.subarray(start, fieldEnd));
    }
    wire.at = fieldEnd;
  }
  return Buffer.concat(parts);
}

function delimit(message: Buffer): readonly Buffer[] {
  return [renderVarint(message.byteLength), message];
}
