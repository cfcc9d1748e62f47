import { allow, type Decision, deny } from '../decision.ts';
import { createWire, readString, readVarint, skipValue } from '../exposition/protobuf/wire.ts';

const MAX_FAMILY_BYTES = 64 * 1024 * 1024;

/** Fields of the messages. */
export const FAMILY_METRIC = 4;
const METRIC_LABEL = 1;
const LABEL_NAME = 1;
const LABEL_VALUE = 2;

const LENGTH_DELIMITED = 2;

/** Reads a scrape in delimited protobuf, family by family. */
export interface FamilyReader<Family> {
  /** What became of those that are whole with a chunk. Ends in `upstream_invalid`. */
  add(chunk: Uint8Array): Decision<readonly Family[]>;
  /** Ends in `upstream_invalid` when something of a message is left over. */
  end(): Decision<readonly never[]>;
}

/**
 * Creates the reader of one scrape.
 * @param read - given a message without the length in front; undefined if it is not understood
 */
export function createFamilyReader<Family>(
  read: (message: Buffer) => Family | undefined,
): FamilyReader<Family> {
  const cutter = createFamilyCutter();
  return {
    add(chunk) {
      const messages = cutter.add(chunk);
      if (messages === undefined) return invalid('the scrape is not delimited protobuf');
      const families: Family[] = [];
      for (const message of messages) {
        const family = read(message);
        if (family === undefined) return invalid('a family of the scrape is not understood');
        families.push(family);
      }
      return allow(families);
    },
    end: () => (cutter.isAtEnd() ? allow([]) : invalid('the scrape ends within a family')),
  };
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}

/** Cuts delimited protobuf into the messages of families. */
interface FamilyCutter {
  /** Those that became whole with a chunk, without the length in front; undefined if it is none. */
  add(chunk: Uint8Array): readonly Buffer[] | undefined;
  /** Whether nothing of a message is left over. */
  isAtEnd(): boolean;
}

/** Holds no more than the family that is not whole yet. */
function createFamilyCutter(): FamilyCutter {
  let parts: Buffer[] = [];
  let held = 0;
  /** Bytes with which the family at hand is whole; joined before that, they would be copied again. */
  let needed = 0;
  return {
    add(chunk) {
      parts.push(Buffer.from(chunk));
      held += chunk.length;
      if (held < needed) return [];
      let rest = Buffer.concat(parts);
      const families: Buffer[] = [];
      needed = 0;
      while (rest.length > 0) {
        const extent = readFamilyExtent(rest);
        if (extent === undefined) return undefined;
        if (extent.end > rest.length) {
          needed = extent.end;
          break;
        }
        families.push(rest.subarray(extent.start, extent.end));
        rest = rest.subarray(extent.end);
      }
      parts = [rest];
      held = rest.length;
      return families;
    },
    isAtEnd: () => held === 0,
  };
}

/** Where the first family begins and ends, which may be beyond the bytes; undefined for none. */
export function readFamilyExtent(
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

/** The labels of a metric; undefined where they are not understood, or one is there twice. */
export function readLabels(metric: Buffer): ReadonlyMap<string, string> | undefined {
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
export function forEachField(
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
