import type { Deny } from '../../decision.ts';
import { renderName } from '../../printable.ts';
import { addLabelNames, createLabelNames, type LabelNames } from '../label-names.ts';
import { type LabelShape, resolveShape, TOO_MANY_LABELS } from '../label-shape.ts';
import { scanLabelName } from '../name.ts';
import type { ContentScope } from '../push-content.ts';
import type { WriteValue } from '../series-identity.ts';
import { writeEscapedBytes, writeEscapedText } from '../series-writer.ts';
import { denyLine, denyLongName, denyMistake, restOfLine } from './line-problem.ts';
import {
  AFTER_VALUE_MISTAKES,
  EQUALS_MISTAKES,
  ESCAPE_MISTAKES,
  LABEL_NAME_MISTAKES,
  LABEL_VALUE_MISTAKES,
  UNQUOTED_HINT,
} from './mistakes/label-mistakes.ts';
import type { PartBefore } from './part-before.ts';
import {
  BACKSLASH,
  BRACE_CLOSE,
  COMMA,
  EQUALS,
  isEscapable,
  LINE_FEED,
  QUOTE,
  quoteAt,
  skipBlanks,
} from './token.ts';

/**
 * The labels of one sample, as positions in the text. One is reused for all samples of a body:
 * neighbours mostly have the same names in the same order, which are then neither copied nor
 * sorted again.
 */
export interface LabelSet {
  readonly scope: ContentScope;
  /** Labels that a sample can have at all: more are not worth sorting out. */
  readonly most: number;
  count: number;
  readonly names: string[];
  /** Where each value begins and ends, without its quotes, still escaped. */
  readonly starts: number[];
  readonly ends: number[];
  /** What follows from the names alone; undefined until it is looked up. */
  shape: LabelShape | undefined;
  /** What was worked out before, by the names. */
  readonly shapes: Map<string, LabelShape>;
  /** The names of all samples so far. */
  readonly seenNames: LabelNames;
  /** Of the histogram or summary that was looked up last. */
  part: PartBefore | undefined;
  /** Writes a value to the series that is identified. */
  readonly writeValue: WriteValue;
}

/** @param bytes - of the text, if each is a character of it */
export function createLabelSet(
  scope: ContentScope,
  text: string,
  bytes: Uint8Array | undefined,
): LabelSet {
  // Those that the grouping key overwrites do not count against the limit, the job among them.
  const most = scope.limits.labels + (scope.key?.labels.length ?? 0) + 1;
  const starts: number[] = [];
  const ends: number[] = [];
  const writeValue: WriteValue =
    bytes === undefined
      ? (position) => writeEscapedText(text, starts[position] ?? 0, ends[position] ?? 0)
      : (position) => writeEscapedBytes(bytes, starts[position] ?? 0, ends[position] ?? 0);
  const empty = { count: 0, names: [], starts, ends, shape: undefined, part: undefined };
  return { ...empty, scope, most, shapes: new Map(), seenNames: createLabelNames(), writeValue };
}

/** Empties the set, for a sample without braces. */
export function clearLabels(labels: LabelSet): void {
  if (labels.count > 0) labels.shape = undefined;
  labels.count = 0;
}

/**
 * Reads a label set.
 * @param open - position of its opening brace
 * @returns the position after its closing brace
 * @see prometheus/common `expfmt/text_parse.go`, `startLabelName`
 */
export function readLabels(
  text: string,
  open: number,
  line: number,
  labels: LabelSet,
): number | Deny {
  let at = skipBlanks(text, open + 1);
  let count = 0;
  while (text.charCodeAt(at) !== BRACE_CLOSE) {
    const valueEnd = readLabel(text, at, line, labels, count);
    if (typeof valueEnd !== 'number') return valueEnd;
    count += 1;
    if (count > labels.most) {
      return denyLine(
        line,
        `a series has over ${labels.scope.limits.labels} labels`,
        TOO_MANY_LABELS,
      );
    }
    at = skipBlanks(text, valueEnd + 1);
    const code = text.charCodeAt(at);
    if (code === COMMA) at = skipBlanks(text, at + 1);
    else if (code !== BRACE_CLOSE) {
      return denyMistake(
        line,
        AFTER_VALUE_MISTAKES,
        restOfLine(text, at),
        `expected "," or "}" after a label value, not ${quoteAt(text, at)}`,
        'a quote inside a value is written \\"',
      );
    }
  }
  if (count !== labels.count) labels.shape = undefined;
  labels.count = count;
  return at + 1;
}

/** The value of a label as it is meant, unescaped. */
export function labelValue(text: string, labels: LabelSet, index: number): string {
  return unescapeValue(text.slice(labels.starts[index], labels.ends[index]));
}

const LONGER_VALUE = 'shorten it; an operator can raise limits.label_value of the team';

/** What the names of the set mean, or a refusal of them. */
export function shapeOf(labels: LabelSet, line: number): LabelShape | Deny {
  if (labels.shape !== undefined) return labels.shape;
  const names = labels.names.slice(0, labels.count);
  const list = names.join();
  let shape = labels.shapes.get(list);
  if (shape === undefined) {
    const resolved = resolveShape(names, labels.scope);
    if ('problem' in resolved) return denyLine(line, resolved.problem, resolved.hint);
    shape = resolved;
    labels.shapes.set(list, shape);
    addLabelNames(labels.seenNames, shape);
  }
  labels.shape = shape;
  return shape;
}

/**
 * A text that is the same for the same series of a family and for no other, made of the labels at
 * `positions`. An empty value is the same as no label, as it is to Prometheus. Values stay escaped,
 * which is as unique: there is one way to escape each.
 */
export function renderIdentity(
  text: string,
  labels: LabelSet,
  positions: readonly number[],
): string {
  let identity = '';
  for (const position of positions) {
    if (!isEmptyAt(labels, position)) identity += renderLabel(text, labels, position);
  }
  return identity;
}

/**
 * What the identity of a histogram or summary passes over: the labels that the grouping key
 * overwrites, and those without a value. Mostly nothing.
 */
export function renderPassedOver(text: string, labels: LabelSet, shape: LabelShape): string {
  let passedOver = '';
  for (const position of shape.overwritten) passedOver += renderLabel(text, labels, position);
  for (const position of shape.base) {
    if (isEmptyAt(labels, position)) passedOver += renderLabel(text, labels, position);
  }
  return passedOver;
}

function isEmptyAt({ starts, ends }: LabelSet, position: number): boolean {
  return starts[position] === ends[position];
}

function renderLabel(text: string, { names, starts, ends }: LabelSet, position: number): string {
  return `${names[position]}"${text.slice(starts[position], ends[position])}"`;
}

/** Reads one label; the position of its closing quote. */
function readLabel(
  text: string,
  at: number,
  line: number,
  labels: LabelSet,
  index: number,
): number | Deny {
  const nameEnd = readLabelName(text, at, labels, index);
  if (nameEnd === at) {
    const problem = `expected a label name, not ${quoteAt(text, at)}`;
    return denyMistake(line, LABEL_NAME_MISTAKES, restOfLine(text, at), problem);
  }
  const { limits } = labels.scope;
  if (nameEnd - at > limits.name) {
    return denyLongName(line, text.slice(at, nameEnd), limits.name);
  }
  const equals = skipBlanks(text, nameEnd);
  if (text.charCodeAt(equals) !== EQUALS) {
    const problem = `expected "=" after a label name, not ${quoteAt(text, equals)}`;
    return denyMistake(line, EQUALS_MISTAKES, restOfLine(text, equals), problem);
  }
  const open = skipBlanks(text, equals + 1);
  if (text.charCodeAt(open) !== QUOTE) {
    const label = renderName(text.slice(at, nameEnd));
    const rest = restOfLine(text, open);
    return /^[,}\s]*$/.test(rest.slice(0, 1))
      ? denyLine(line, `label ${label} has no value`, 'is the variable behind "=" empty?')
      : denyMistake(
          line,
          LABEL_VALUE_MISTAKES,
          rest,
          `the value of label ${label} needs quotes`,
          UNQUOTED_HINT,
        );
  }
  const close = readLabelValue(text, open + 1, line);
  if (typeof close !== 'number') return close;
  labels.starts[index] = open + 1;
  labels.ends[index] = close;
  return isTooLong(text, open + 1, close, labels.scope.limits.labelValue)
    ? denyLine(line, `a label value has over ${labels.scope.limits.labelValue} bytes`, LONGER_VALUE)
    : close;
}

function readLabelName(text: string, at: number, labels: LabelSet, index: number): number {
  const known = labels.names[index];
  if (known !== undefined && text.startsWith(known, at)) {
    const end = at + known.length;
    if (text.charCodeAt(end) === EQUALS) return end;
  }
  const end = scanLabelName(text, at);
  labels.names[index] = text.slice(at, end);
  labels.shape = undefined;
  return end;
}

function readLabelValue(text: string, start: number, line: number): number | Deny {
  let at = start;
  let code = text.charCodeAt(at);
  while (code !== QUOTE) {
    if (code === LINE_FEED) return denyOpenValue(text, at, line);
    if (code === BACKSLASH) {
      at += 1;
      if (!isEscapable(text.charCodeAt(at), true)) {
        return denyEscape(text, at - 1, line);
      }
    }
    at += 1;
    code = text.charCodeAt(at);
  }
  return at;
}

function denyEscape(text: string, backslash: number, line: number): Deny {
  return denyMistake(
    line,
    ESCAPE_MISTAKES,
    restOfLine(text, backslash),
    'a label value has a wrong escape',
    'escapes are \\\\, \\" and \\n; a backslash itself is written \\\\',
  );
}

/** A value without its closing quote: it may go on in the next line. */
function denyOpenValue(text: string, lineEnd: number, line: number): Deny {
  const next = restOfLine(text, lineEnd + 1);
  return /^[^"]*"\s*[,}]/.test(next) && !/^\s*[A-Za-z_:][\w:]*\s*\{/.test(next)
    ? denyLine(line, 'a line feed inside a label value', 'write it as \\n')
    : denyLine(line, 'a label value has no closing quote', 'add it, and "}" after it');
}

/** A UTF-16 code unit is at most three bytes of UTF-8, and escapes only shrink. */
function isTooLong(text: string, start: number, end: number, maxBytes: number): boolean {
  if ((end - start) * 3 <= maxBytes) return false;
  return Buffer.byteLength(unescapeValue(text.slice(start, end))) > maxBytes;
}

function unescapeValue(escaped: string): string {
  if (!escaped.includes('\\')) return escaped;
  return escaped.replace(/\\(.)/g, (_, code: string) => (code === 'n' ? '\n' : code));
}
