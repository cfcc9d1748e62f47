import type { GroupingKey } from '../target/grouping-key.ts';
import { xxh64 } from '../xxh64.ts';

/**
 * What Pushgateway tells series apart by: XXH64 over the name and the sorted label pairs of the
 * whole series, as its registry computes it, in two signed halves. It takes two series with the
 * same hash for one, whatever they are.
 * @see client_golang `prometheus/registry.go`, `checkMetricConsistency`
 */
export type SeriesIdentities = number[];

/** The labels of a series in their order. */
export type SeriesLayout = readonly LayoutPiece[];

/** Bytes that are the same for all series of the layout, and a value of the body behind them. */
interface LayoutPiece {
  /** Names and values with their separators. */
  readonly bytes: Uint8Array;
  /** Where the body has the value; `NO_POSITION` for none. */
  readonly position: number;
  /** Pushgateway adds it where it is missing: empty or not, it is there. */
  readonly isInstance: boolean;
}

/** The label values of the series that is being read. */
export interface LabelValues {
  isEmpty(position: number): boolean;
  /** Writes the value to the series. */
  write(position: number): void;
}

/** A UTF-16 code unit is at most three bytes of UTF-8. */
const MAX_UNIT_BYTES = 3;
const ENCODER = new TextEncoder();
const NO_POSITION = -1;
const SEPARATOR = 0xff;
const INSTANCE = 'instance';

/**
 * Works out the layout of series.
 * @param names - label names of the body
 * @param positions - of those that stay, the grouping key overwrites none of them
 * @param key - undefined for a scrape, whose series are whole
 * @see pushgateway `storage/diskmetricstore.go`, `sanitizeLabels`
 */
export function layOutSeries(
  names: readonly string[],
  positions: readonly number[],
  key: GroupingKey | undefined,
): SeriesLayout {
  const places = positions.map((position) => {
    const label = names[position] ?? '';
    return { label, texts: [label], position, isInstance: label === INSTANCE };
  });
  const constants = (key === undefined ? [] : completeKey(key, places)).map((pair) => ({
    label: pair[0],
    texts: pair,
    position: NO_POSITION,
    isInstance: false,
  }));
  return [...places, ...constants]
    .toSorted((a, b) => (a.label < b.label ? -1 : 1))
    .map(({ texts, position, isInstance }) => ({ bytes: encode(texts), position, isInstance }));
}

type Pair = readonly [name: string, value: string];

/** The labels of a key as Pushgateway puts them on a series. */
function completeKey(
  { job, labels }: GroupingKey,
  others: readonly { readonly label: string }[],
): readonly Pair[] {
  const pairs: Pair[] = [['job', job], ...labels.map(({ name, value }): Pair => [name, value])];
  const hasInstance =
    pairs.some(([name]) => name === INSTANCE) || others.some(({ label }) => label === INSTANCE);
  return hasInstance ? pairs : [...pairs, [INSTANCE, '']];
}

/** Each text with a separator behind it. */
function encode(texts: readonly string[]): Uint8Array {
  written = 0;
  for (const text of texts) {
    writeLabelValue(text);
    writeSeparator();
  }
  return buffer.slice(0, written);
}

/**
 * Identifies a series. One with labels without a value has two identities: Pushgateway takes it for
 * another series than the one without them, and Prometheus for the same.
 * @param identities - gets the halves, the high one first
 * @returns the bytes of its name and labels
 */
export function identifySeries(
  name: string,
  layout: SeriesLayout,
  values: LabelValues,
  identities: SeriesIdentities,
): number {
  const bytes = writeSeries(name, layout, values, identities, true);
  if (hasDroppable) writeSeries(name, layout, values, identities, false);
  return bytes;
}

/** Whether the series that was written last has a label without a value that can be left out. */
let hasDroppable = false;

function writeSeries(
  name: string,
  layout: SeriesLayout,
  values: LabelValues,
  identities: SeriesIdentities,
  withEmpty: boolean,
): number {
  written = 0;
  hasDroppable = false;
  writeLabelValue(name);
  writeSeparator();
  for (const piece of layout) {
    const { bytes, position } = piece;
    if (position === NO_POSITION) {
      writeBytes(bytes);
      continue;
    }
    if (!piece.isInstance && values.isEmpty(position)) {
      hasDroppable = true;
      if (!withEmpty) continue;
    }
    writeBytes(bytes);
    values.write(position);
    writeSeparator();
  }
  const { high, low } = xxh64(buffer, written);
  identities.push(high, low);
  return written;
}

/** Up to here two series are compared with each other; more are sorted first. */
const FEW_SERIES = 8;

/** Whether an identity is there twice. */
export function hasTwins(identities: Readonly<SeriesIdentities>): boolean {
  if (identities.length > 2 * FEW_SERIES) return hasSortedTwins(identities);
  for (let at = 2; at < identities.length; at += 2) {
    for (let other = 0; other < at; other += 2) {
      const isEqual =
        identities[at + 1] === identities[other + 1] && identities[at] === identities[other];
      if (isEqual) return true;
    }
  }
  return false;
}

/** Sorted and not hashed: whoever chooses labels chooses identities. */
function hasSortedTwins(identities: Readonly<SeriesIdentities>): boolean {
  const halves = new Int32Array(identities);
  new BigInt64Array(halves.buffer).sort();
  for (let at = 2; at < halves.length; at += 2) {
    if (halves[at] === halves[at - 2] && halves[at + 1] === halves[at - 1]) return true;
  }
  return false;
}

/** The series that is being written; it is hashed before anything else is written. */
let buffer = new Uint8Array(4096);
let written = 0;
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LINE_FEED = 0x0a;

/** Writes a value to the series that is being identified. */
export function writeLabelValue(value: string): void {
  reserve(value.length * MAX_UNIT_BYTES);
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code >= 0x80) {
      written += ENCODER.encodeInto(value.slice(at), buffer.subarray(written)).written;
      return;
    }
    buffer[written] = code;
    written += 1;
  }
}

/** The same with a value as it stands in the text format, escaped. */
export function writeEscapedValue(text: string, start: number, end: number): void {
  reserve((end - start) * MAX_UNIT_BYTES);
  for (let at = start; at < end; at += 1) {
    let code = text.charCodeAt(at);
    if (code === BACKSLASH) {
      at += 1;
      const escaped = text.charCodeAt(at);
      code = escaped === LETTER_N ? LINE_FEED : escaped;
    } else if (code >= 0x80) {
      const next = text.indexOf('\\', at);
      const stop = next === -1 || next > end ? end : next;
      const rest = text.slice(at, stop);
      written += ENCODER.encodeInto(rest, buffer.subarray(written)).written;
      at = stop - 1;
      continue;
    }
    buffer[written] = code;
    written += 1;
  }
}

/** The same with a value in a body that is ASCII alone. */
export function writeEscapedBytes(body: Uint8Array, start: number, end: number): void {
  reserve(end - start);
  for (let at = start; at < end; at += 1) {
    let code = body[at] ?? 0;
    if (code === BACKSLASH) {
      at += 1;
      const escaped = body[at] ?? 0;
      code = escaped === LETTER_N ? LINE_FEED : escaped;
    }
    buffer[written] = code;
    written += 1;
  }
}

/** The same with bytes as they are: mostly a few, which are copied faster one by one. */
export function writeBytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
  reserve(end - start);
  for (let at = start; at < end; at += 1) {
    buffer[written] = bytes[at] ?? 0;
    written += 1;
  }
}

function writeSeparator(): void {
  reserve(1);
  buffer[written] = SEPARATOR;
  written += 1;
}

function reserve(bytes: number): void {
  if (written + bytes <= buffer.length) return;
  const larger = new Uint8Array(2 * (written + bytes));
  larger.set(buffer.subarray(0, written));
  buffer = larger;
}
