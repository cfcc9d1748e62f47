import type { MetricType } from '../push-content.ts';
import type { WriteValue } from '../series-identity.ts';
import { writeBytes } from '../series-writer.ts';

/** A metric that is labels without anything odd and one number, as most are. */
export interface PlainMetric {
  /** Writes a label value of it, from where it lies. */
  readonly writeValue: WriteValue;
  /** Where each label value begins and ends. */
  readonly starts: number[];
  readonly ends: number[];
  value: number;
  /** Of the body. */
  readonly view: DataView;
}

/** Tag and length of the message that has the value, and the tag of the number in it. */
const VALUE_HEADS: Readonly<Partial<Record<MetricType, readonly [number, number, number]>>> = {
  gauge: [0x12, 9, 0x09],
  counter: [0x1a, 9, 0x09],
  untyped: [0x2a, 9, 0x09],
};
const NUMBER_BYTES = 8;
/** Tags of a label in a metric, and of its parts. */
const LABEL = 0x0a;
const LABEL_NAME = 0x0a;
const LABEL_VALUE = 0x12;
/** Lengths below it are one byte. */
const LONG = 0x80;
/** Lengths of two bytes, the second of which is no padding. */
const LONGEST = 0x7f;

export function createPlainMetric(body: Uint8Array): PlainMetric {
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    starts,
    ends,
    value: 0,
    view: new DataView(body.buffer, body.byteOffset, body.byteLength),
    writeValue: (position) => writeBytes(body, starts[position], ends[position]),
  };
}

/**
 * Reads a metric whose labels have the names of the one before, in the order of the field numbers;
 * a value of ASCII without NUL, and a number of the type of its family.
 * @param at - position of its length
 * @param names - of the metric before, which have been checked
 * @param maxBytes - of a label value
 * @returns false for a metric that is to be read like any other
 */
export function readPlainMetric(
  bytes: Buffer,
  at: number,
  metric: PlainMetric,
  type: MetricType,
  names: readonly Uint8Array[],
  maxBytes: number,
): boolean {
  const head = VALUE_HEADS[type];
  if (head === undefined) return false;
  const isLong = (bytes[at] ?? 0) >= LONG;
  let next = isLong ? at + 2 : at + 1;
  const end = next + readLength(bytes, at);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index];
    if (name === undefined) return false;
    next = readLabel(bytes, next, metric, index, name, maxBytes);
    if (next < 0) return false;
  }
  const [tag, length, numberTag] = head;
  if (bytes[next] !== tag || bytes[next + 1] !== length || bytes[next + 2] !== numberTag) {
    return false;
  }
  const number = next + head.length;
  if (number + NUMBER_BYTES !== end || end > bytes.length) return false;
  metric.value = metric.view.getFloat64(number, true);
  return true;
}

/**
 * Reads the label names of a metric, to be checked; undefined if one does not stand before its
 * value, or the type has no plain metrics.
 * @param at - position of its length
 */
export function readPlainNames(
  bytes: Buffer,
  at: number,
  type: MetricType,
): readonly string[] | undefined {
  if (VALUE_HEADS[type] === undefined) return undefined;
  const names: string[] = [];
  const start = (bytes[at] ?? 0) >= LONG ? at + 2 : at + 1;
  const end = start + readLength(bytes, at);
  for (let next = start; next < end && bytes[next] === LABEL; ) {
    const nameStart = next + 4;
    const valueTag = nameStart + (bytes[next + 3] ?? 0);
    const length = bytes[next + 1] ?? 0;
    const labelEnd = next + 2 + length;
    if (length >= LONG || bytes[next + 2] !== LABEL_NAME) return undefined;
    if (bytes[valueTag] !== LABEL_VALUE) return undefined;
    if (valueTag + 2 + (bytes[valueTag + 1] ?? 0) !== labelEnd) return undefined;
    names.push(bytes.toString('latin1', nameStart, valueTag));
    next = labelEnd;
  }
  return names;
}

/** One of at most two bytes in its shortest form; what is none of these ends nowhere. */
function readLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < LONG) return first;
  const second = bytes[at + 1] ?? 0;
  return second === 0 || second > LONGEST ? Number.NaN : (first & LONGEST) + second * LONG;
}

/** Where the label that begins at `at` ends, or -1. */
function readLabel(
  bytes: Uint8Array,
  at: number,
  { starts, ends }: PlainMetric,
  index: number,
  name: Uint8Array,
  maxBytes: number,
): number {
  const nameStart = at + 4;
  const length = bytes[at + 1] ?? 0;
  if (bytes[at] !== LABEL || length >= LONG || bytes[at + 2] !== LABEL_NAME) return -1;
  if (bytes[at + 3] !== name.length || !isAt(bytes, nameStart, name)) return -1;
  const valueTag = nameStart + name.length;
  const valueStart = valueTag + 2;
  const valueLength = bytes[valueTag + 1] ?? 0;
  const end = valueStart + valueLength;
  if (bytes[valueTag] !== LABEL_VALUE || end !== at + 2 + length) return -1;
  if (valueLength > maxBytes || !isPlain(bytes, valueStart, end)) return -1;
  starts[index] = valueStart;
  ends[index] = end;
  return end;
}

function isAt(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let one = 0; one < name.length; one += 1) {
    if (bytes[at + one] !== name[one]) return false;
  }
  return true;
}

/** ASCII without NUL, all of it there. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte >= 0x80) return false;
  }
  return true;
}
