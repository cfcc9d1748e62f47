import { countRemembered, type KnownKey } from '../known-key.ts';
import { scanMetricName } from '../name.ts';
import type { FamilyContent, PushContent } from '../push-content.ts';
import { scanPlainValue } from '../sample-value.ts';
import { HASH, isBlank, LINE_FEED, skipBlanks } from './token.ts';

/**
 * A body that was accepted. One that differs from it in plain values alone is read by going along
 * it: all else follows from what is the same byte for byte.
 */
export interface KnownBody {
  /** A character for each of its bytes. */
  readonly text: string;
  readonly values: readonly KnownValue[];
  readonly content: PushContent;
  /** Of each family, its values left out. */
  readonly bareBytes: readonly number[];
  /** Bodies in a row that were others. */
  missed: number;
}

interface KnownValue {
  readonly start: number;
  readonly end: number;
  /** Which of the families of the body has it. */
  readonly family: number;
}

/** Bytes of a body that is worth remembering. */
const MAX_BYTES = 8 * 1024;
/** What a body holds takes about as much again, and more. */
const TIMES = 4;
/** About as many as what is kept of a family takes, however short its name is. */
const FAMILY_BYTES = 512;
/** After so many others in a row one of them takes its place. */
const MAX_MISSED = 32;

/**
 * What a body holds that differs from one before it in plain values alone; undefined for every other,
 * which is to be read.
 * @param known - of its grouping key
 */
export function readRepeatedBody(body: Uint8Array, known: KnownKey): PushContent | undefined {
  const { body: before } = known;
  if (before === undefined) return undefined;
  const sizes = measureFamilies(body, before);
  before.missed = sizes === undefined ? before.missed + 1 : 0;
  return sizes && withBytes(before.content, sizes);
}

/** Remembers a body that was accepted, and what it holds, if others can be read by it. */
export function rememberBody(body: Uint8Array, known: KnownKey, content: PushContent): void {
  if (body.length > MAX_BYTES || content.families.some(isDistribution)) return;
  if (known.body !== undefined && known.body.missed < MAX_MISSED) return;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const values = findValues(text, body, content.families);
  if (values === undefined) return;
  const bareBytes = content.families.map((family) => family.bytes);
  for (const { start, end, family } of values) {
    bareBytes[family] = (bareBytes[family] ?? 0) - (end - start);
  }
  known.body = { text, values, content, bareBytes, missed: 0 };
  countRemembered(TIMES * text.length + FAMILY_BYTES * content.families.length);
}

/** Whether the values of a family are held against each other. */
function isDistribution({ type }: FamilyContent): boolean {
  return type === 'histogram' || type === 'summary';
}

/** The bytes of each family, if all but the values is the same byte for byte. */
function measureFamilies(
  body: Uint8Array,
  { text, values, bareBytes }: KnownBody,
): readonly number[] | undefined {
  const sizes = bareBytes.slice();
  let from = 0;
  let at = 0;
  for (const { start, end, family } of values) {
    if (!isRepeated(text, from, start, body, at)) return undefined;
    at += start - from;
    const valueEnd = scanPlainValue(body, at);
    if (valueEnd === -1) return undefined;
    sizes[family] = (sizes[family] ?? 0) + valueEnd - at;
    from = end;
    at = valueEnd;
  }
  const isWhole = body.length - at === text.length - from;
  return isWhole && isRepeated(text, from, text.length, body, at) ? sizes : undefined;
}

/** Whether what stands in a text from `from` to `end` comes in a body at `at`. */
function isRepeated(
  text: string,
  from: number,
  end: number,
  body: Uint8Array,
  at: number,
): boolean {
  const distance = at - from;
  for (let one = from; one < end; one += 1) {
    if (text.charCodeAt(one) !== body[one + distance]) return false;
  }
  return true;
}

function withBytes(content: PushContent, sizes: readonly number[]): PushContent {
  if (content.families.every(({ bytes }, at) => bytes === sizes[at])) return content;
  const families = content.families.map((family, at) => ({ ...family, bytes: sizes[at] ?? 0 }));
  return { ...content, families };
}

/** Where the values of an accepted body are; undefined where one is not plain. */
function findValues(
  text: string,
  body: Uint8Array,
  families: readonly FamilyContent[],
): readonly KnownValue[] | undefined {
  const places = new Map(families.map(({ name }, place) => [name, place]));
  const values: KnownValue[] = [];
  let end: number;
  for (let line = 0; line < text.length; line = end + 1) {
    end = text.indexOf('\n', line);
    if (end === -1) return undefined;
    const at = skipBlanks(text, line);
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === HASH) continue;
    const name = text.slice(at, scanMetricName(text, at));
    const family = places.get(name);
    // A sample has no time: its value is the last that is in the line.
    let start = end;
    while (start > at && !isBlank(text.charCodeAt(start - 1))) start -= 1;
    if (family === undefined || scanPlainValue(body, start) !== end) return undefined;
    values.push({ start, end, family });
  }
  return values;
}
