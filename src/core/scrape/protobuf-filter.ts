import { allow, type Decision, deny } from '../decision.ts';
import { createWire, readVarint, renderVarint, skipValue } from '../exposition/protobuf/wire.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { FAMILY_METRIC, readFamilyExtent, readLabels } from './family-message.ts';
import type { Keep, ScrapeFilter } from './scrape-filter.ts';

const DONE = allow(undefined);
const LENGTH_DELIMITED = 2;
/** Of a tag and a length. */
const MAX_FIELD_HEAD_BYTES = 20;

/**
 * Creates the filter of a scrape in delimited protobuf: of a family goes out what the team may see,
 * byte for byte, and nothing of a family in which that is nothing. What a family has is looked at
 * as it comes, field by field.
 * @see prometheus/client_model `io/prometheus/client/metrics.proto`
 */
export function createProtobufFilter(scope: ReadScope): ScrapeFilter {
  /** What came and is not looked at: less than a field. */
  let parts: Buffer[] = [];
  let held = 0;
  /** Bytes with which that is whole; joined before that, they would be copied again. */
  let needed = 0;
  let family: OpenFamily | undefined;

  /** Begins a family; where its fields do, undefined for none. */
  const begin = (bytes: Buffer, at: number): number | undefined => {
    const extent = readFamilyExtent(bytes.subarray(at, at + MAX_FIELD_HEAD_BYTES));
    if (extent === undefined || extent.start === 0) return extent && at; // a length that is cut off
    family = openFamily(extent.end - extent.start, scope);
    return at + extent.start;
  };
  /** Looks at what is whole; where that ends, undefined for what is not understood. */
  const take = (bytes: Buffer, keep: Keep): number | undefined => {
    let at: number | undefined = 0;
    needed = 0;
    while (at < bytes.length) {
      if (family === undefined) at = begin(bytes, at);
      if (family === undefined || at === undefined) return at;
      at = family.take(bytes, at);
      if (at === undefined) return undefined;
      if (!family.isWhole()) {
        needed = family.needed();
        return at;
      }
      family.keep(keep);
      family = undefined;
    }
    return at;
  };
  return {
    add(chunk, keep) {
      parts.push(Buffer.from(chunk));
      held += chunk.length;
      if (held < needed) return DONE;
      const bytes = Buffer.concat(parts);
      const end = take(bytes, keep);
      if (end === undefined) return invalid('the scrape is not understood as delimited protobuf');
      parts = [bytes.subarray(end)];
      held = bytes.length - end;
      return DONE;
    },
    end() {
      const isAtEnd = held === 0 && family === undefined;
      return isAtEnd ? DONE : invalid('the scrape ends within a family');
    },
  };
}

type OpenFamily = ReturnType<typeof openFamily>;

/** A family of which not all has come. */
function openFamily(length: number, scope: ReadScope) {
  const kept: Buffer[] = [];
  let left = length;
  let metrics = 0;
  let needed = 0;
  /** Whether it goes out; undefined for a metric that is not understood. */
  const isFieldSeen = (bytes: Buffer, field: Field): boolean | undefined => {
    if (field.number !== FAMILY_METRIC) return true;
    const labels = readLabels(bytes.subarray(field.content, field.end));
    const isSeen = labels && scope.sees(labels);
    if (isSeen === true) metrics += 1;
    return isSeen;
  };
  const hold = (bytes: Buffer, start: number, end: number): void => {
    if (end > start) kept.push(bytes.subarray(start, end));
  };
  return {
    /** Looks at fields that are whole; where they end, undefined for what is not understood. */
    take(bytes: Buffer, start: number): number | undefined {
      let at = start;
      let seenFrom = start;
      needed = 0;
      while (left > 0 && at < bytes.length) {
        const field = readField(bytes, at, at + left);
        if (field === undefined) return undefined;
        if (field.end > bytes.length) {
          needed = field.end - at;
          break;
        }
        const isSeen = isFieldSeen(bytes, field);
        if (isSeen === undefined) return undefined;
        if (!isSeen) {
          hold(bytes, seenFrom, at);
          seenFrom = field.end;
        }
        left -= field.end - at;
        at = field.end;
      }
      hold(bytes, seenFrom, at);
      return at;
    },
    isWhole: () => left === 0,
    /** Bytes of the next field, as far as that is known. */
    needed: () => needed,
    /** The message with its length in front; nothing where no metric is left. */
    keep(keep: Keep): void {
      if (metrics === 0) return;
      const bytes = kept.reduce((sum, part) => sum + part.length, 0);
      for (const part of [renderVarint(bytes), ...kept]) keep(part, 0, part.length);
    },
  };
}

interface Field {
  readonly number: number;
  readonly content: number;
  /** May be beyond the bytes. */
  readonly end: number;
}

/** Undefined for one that is broken or goes beyond the family. */
function readField(bytes: Buffer, at: number, familyEnd: number): Field | undefined {
  const wire = createWire(bytes);
  wire.at = at;
  const end = Math.min(bytes.length, familyEnd);
  const isCutOff = end < familyEnd && end - at < MAX_FIELD_HEAD_BYTES;
  const unknown = isCutOff ? { number: 0, content: end, end: end + 1 } : undefined;
  const tag = readVarint(wire, end);
  if (tag === undefined) return unknown;
  const number = Math.floor(tag / 8);
  if (tag % 8 === LENGTH_DELIMITED) {
    const length = readVarint(wire, end);
    if (length === undefined) return unknown;
    const fieldEnd = wire.at + length;
    return fieldEnd > familyEnd ? undefined : { number, content: wire.at, end: fieldEnd };
  }
  const content = skipValue(wire, tag % 8, end);
  return content === undefined ? unknown : { number, content, end: wire.at };
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
