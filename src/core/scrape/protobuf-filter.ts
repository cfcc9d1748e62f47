import { allow, type Decision, deny } from '../decision.ts';
import {
  createWire,
  readString,
  readVarint,
  renderVarint,
  skipValue,
} from '../exposition/protobuf/wire.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import type { ScrapeFilter } from './scrape-filter.ts';

const MAX_FAMILY_BYTES = 64 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Fields of the messages. */
const FAMILY_METRIC = 4;
const METRIC_LABEL = 1;
const LABEL_NAME = 1;
const LABEL_VALUE = 2;

const LENGTH_DELIMITED = 2;

/**
 * Creates the filter of a scrape in delimited protobuf: of a family goes out what the team may see,
 * byte for byte, and nothing of a family in which that is nothing.
 * @see prometheus/client_model `io/prometheus/client/metrics.proto`
 */
export function createProtobufFilter(scope: ReadScope): ScrapeFilter {
  let parts: Buffer[] = [];
  let held = 0;
  /** Bytes with which the family at hand is whole; joined before that, they would be copied again. */
  let needed = 0;
  return {
    add(chunk) {
      parts.push(Buffer.from(chunk));
      held += chunk.length;
      if (held < needed) return allow(NOTHING);
      let rest = Buffer.concat(parts);
      const kept: Buffer[] = [];
      needed = 0;
      while (rest.length > 0) {
        const extent = readFamilyExtent(rest);
        if (extent === undefined) return invalid('the scrape is not delimited protobuf');
        if (extent.end > rest.length) {
          needed = extent.end;
          break;
        }
        const family = filterFamily(rest.subarray(extent.start, extent.end), scope);
        if (family === undefined) return invalid('a family of the scrape is not understood');
        kept.push(family);
        rest = rest.subarray(extent.end);
      }
      parts = [rest];
      held = rest.length;
      return allow(Buffer.concat(kept));
    },
    end: () => (held === 0 ? allow(NOTHING) : invalid('the scrape ends within a family')),
  };
}

/** Where the first family begins and ends, which may be beyond the bytes; undefined for none. */
function readFamilyExtent(
  bytes: Buffer,
): { readonly start: number; readonly end: number } | undefined {
  const wire = createWire(bytes);
  const length = readVarint(wire, bytes.length);
  // a length that is cut off becomes whole with another byte
  if (length === undefined) {
    return bytes.length < 10 ? { start: 0, end: bytes.length + 1 } : undefined;
  }
  return length > MAX_FAMILY_BYTES ? undefined : { start: wire.at, end: wire.at + length };
}

/** The message with its length in front, nothing where no metric is left; undefined if broken. */
function filterFamily(message: Buffer, scope: ReadScope): Buffer | undefined {
  const parts: Buffer[] = [];
  let metrics = 0;
  const isSound = forEachField(message, (field, whole, content) => {
    if (field !== FAMILY_METRIC) {
      parts.push(whole);
      return true;
    }
    const labels = readLabels(content);
    if (labels === undefined) return false;
    if (scope.sees(labels)) {
      metrics += 1;
      parts.push(whole);
    }
    return true;
  });
  if (!isSound) return undefined;
  if (metrics === 0) return NOTHING;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([renderVarint(length), ...parts]);
}

function readLabels(metric: Buffer): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  const isSound = forEachField(metric, (field, _, content) => {
    if (field !== METRIC_LABEL) return true;
    const pair = readLabel(content);
    if (pair === undefined || labels.has(pair.name)) return false;
    labels.set(pair.name, pair.value);
    return true;
  });
  return isSound ? labels : undefined;
}

function readLabel(pair: Buffer): { readonly name: string; readonly value: string } | undefined {
  const wire = createWire(pair);
  let name = '';
  let value = '';
  while (wire.at < pair.length) {
    const tag = readVarint(wire, pair.length);
    const text = readString(wire, pair.length);
    if (tag === undefined || text === undefined) return undefined;
    if (tag === LABEL_NAME * 8 + LENGTH_DELIMITED) name = text;
    else if (tag === LABEL_VALUE * 8 + LENGTH_DELIMITED) value = text;
    else return undefined;
  }
  return { name, value };
}

/** Calls `visit` for each field, with its bytes and its content; false once that, or a field, is. */
function forEachField(
  message: Buffer,
  visit: (field: number, whole: Buffer, content: Buffer) => boolean,
): boolean {
  const wire = createWire(message);
  while (wire.at < message.length) {
    const start = wire.at;
    const tag = readVarint(wire, message.length);
    if (tag === undefined) return false;
    const contentStart = skipValue(wire, tag % 8, message.length);
    if (contentStart === undefined) return false;
    const whole = message.subarray(start, wire.at);
    const content = message.subarray(contentStart, wire.at);
    if (!visit(Math.floor(tag / 8), whole, content)) return false;
  }
  return true;
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
