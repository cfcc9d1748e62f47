import { allow, type Decision, type Deny } from '../../decision.ts';
import { recallKey } from '../known-key.ts';
import { listLabelNames } from '../label-names.ts';
import { scanMetricName } from '../name.ts';
import {
  type ContentScope,
  type FamilyContent,
  type PushContent,
  type ReadExposition,
  type WatchedValues,
  watchLabels,
} from '../push-content.ts';
import { isSampleValue, scanPlainValue } from '../sample-value.ts';
import { forgetSeries, hasTwins } from '../series-identity.ts';
import { denySeries } from '../series-limit.ts';
import { readComment } from './comment.ts';
import { decodeText } from './decode-text.ts';
import { explainEnd, explainLine } from './explain-line.ts';
import { checkDistributions, sumUp } from './family-content.ts';
import {
  createFamilyTable,
  type Family,
  type FamilyTable,
  hasSeries,
  resolveSample,
  type SampleName,
} from './family-table.ts';
import {
  clearLabels,
  createLabelSet,
  type LabelSet,
  labelValue,
  readLabels,
  shapeOf,
} from './label-set.ts';
import { denyLongName, denyName, denyValue } from './line-problem.ts';
import { readRepeatedBody, rememberBody } from './repeated-body.ts';
import { type LineBefore, readRepeatedLabels } from './repeated-line.ts';
import { addLine, addSample, isDistribution } from './sample.ts';
import { BRACE_OPEN, HASH, isBlank, LINE_FEED, scanToken, skipBlanks } from './token.ts';

/** The parser between two lines. */
interface Reader {
  readonly text: string;
  /** Its bytes, if each is a character of it. */
  readonly bytes: Uint8Array | undefined;
  readonly scope: ContentScope;
  readonly table: FamilyTable;
  /** Of the sample that was read last. */
  readonly labels: LabelSet;
  sampleName: SampleName | undefined;
  readonly before: LineBefore;
  line: number;
  series: number;
  readonly labelValues: WatchedValues;
  /** Families of which a line was refused: what they lack means nothing. */
  incomplete: Set<Family> | undefined;
}

/**
 * Parses a body in the text format 0.0.4, whole and strictly: what it accepts every Pushgateway
 * accepts too and reads the same, and the scrape that it becomes a part of stays whole. A body
 * without samples is legal. Ends in `body_invalid` with the line, or in `too_many_series`.
 * @see prometheus/common `expfmt/text_parse.go`
 */
export function parseTextExposition(body: Uint8Array, scope: ContentScope): Decision<PushContent> {
  const known = recallKey(scope);
  const repeated = known && readRepeatedBody(body, known);
  if (repeated !== undefined) return allow(repeated);
  const { content, problems } = readText(body, scope, 1);
  const [problem] = problems;
  if (problem !== undefined || content.effect === 'deny') return problem ?? content;
  if (known !== undefined) rememberBody(body, known, content.value);
  return content;
}

/**
 * Reads a body to its end, whatever is wrong with it: at most `most` problems, in the order of the
 * lines, and what the sound lines hold.
 */
export function readText(body: Uint8Array, scope: ContentScope, most: number): ReadExposition {
  const decoded = decodeText(body);
  if (typeof decoded !== 'string') return { content: decoded, problems: [decoded] };
  if (decoded.length === body.length) return readDecoded(decoded, body, scope, most);
  if (scope.watchedLabels.size === 0) {
    // Byte for byte is faster; what is beyond ASCII shows in refusals and watched values alone.
    const latin1 = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
    const read = readDecoded(latin1, body, scope, 1);
    if (read.problems.length === 0) return read;
  }
  return readDecoded(decoded, undefined, scope, most);
}

/**
 * Reads a text.
 * @param bytes - one for each of its characters; left out, lines are not compared with each other
 */
export function readDecoded(
  decoded: string,
  bytes: Uint8Array | undefined,
  scope: ContentScope,
  most: number,
): ReadExposition {
  const isEnded = decoded === '' || decoded.endsWith('\n');
  const text = isEnded ? decoded : `${decoded}\n`;
  // Without a key an instance may be empty or missing, which is the same series with two hashes.
  let reader = createReader(text, bytes, scope, scope.key === undefined);
  let problems = readLines(reader, most);
  if (reader.table.families.some(({ identities }) => hasTwins(identities))) {
    reader = createReader(text, bytes, scope, true);
    problems = readLines(reader, most);
  }
  forgetSeries();
  if (!isEnded) {
    const { problem, isJoined } = explainEnd(decoded);
    if (isJoined) return { content: problem, problems: [problem] };
    if (problems.length < most) problems.push(problem);
  }
  const content = finish(reader);
  if (content.effect === 'deny' && problems.length < most) problems.push(content);
  return { content, problems };
}

/** @param isExact - whether it finds series that are there twice; without, they are let through */
function createReader(
  text: string,
  bytes: Uint8Array | undefined,
  scope: ContentScope,
  isExact: boolean,
): Reader {
  return {
    text,
    bytes,
    scope,
    table: createFamilyTable(scope.limits.name, isExact),
    labels: createLabelSet(scope, text, bytes),
    sampleName: undefined,
    before: { start: -1, value: -1 },
    line: 1,
    series: 0,
    labelValues: watchLabels(scope),
    incomplete: undefined,
  };
}

/** Reads all lines, or as many as there are until `most` have been refused. */
function readLines(reader: Reader, most: number): Deny[] {
  const { text } = reader;
  const problems: Deny[] = [];
  let at = 0;
  while (at < text.length) {
    const end = readLine(reader, at);
    if (typeof end === 'number') at = end + 1;
    else {
      const explained = explainLine(text, at, reader.line, end);
      problems.push(explained.problem);
      const isOver = explained.isForeign && reader.series === 0;
      if (isOver || end.reason !== 'body_invalid' || problems.length >= most) return problems;
      markIncomplete(reader);
      reader.sampleName = undefined;
      reader.before.start = -1;
      at = text.indexOf('\n', at) + 1;
    }
    reader.line += 1;
  }
  return problems;
}

/** Notes that a line of the family that is read was refused, if it was of one. */
function markIncomplete(reader: Reader): void {
  if (reader.sampleName === undefined) return;
  reader.incomplete ??= new Set();
  reader.incomplete.add(reader.sampleName.family);
}

/** Reads one line; the position of its line feed. */
function readLine(reader: Reader, start: number): number | Deny {
  const { text, table, line, scope } = reader;
  // HELP and TYPE of families without samples: few bytes that take much memory.
  if (table.families.length > scope.limits.series) return denySeries(scope.limits.series);
  const at = skipBlanks(text, start);
  const code = text.charCodeAt(at);
  if (code === LINE_FEED) return at;
  return code === HASH ? readComment(text, at, line, table) : readSample(reader, at);
}

function readSample(reader: Reader, start: number): number | Deny {
  const { text, bytes, line, labels, scope, before } = reader;
  if (bytes !== undefined) {
    const end = readRepeatedLabels(bytes, labels, before, start);
    if (end !== -1) {
      const value = skipBlanks(text, end);
      before.start = start;
      before.value = value;
      return readPlainValue(reader, bytes, value) ?? readValue(reader, value);
    }
  }
  const nameEnd = readSampleName(reader, start);
  let at = skipBlanks(text, nameEnd);
  const name = reader.sampleName;
  if (name === undefined || nameEnd === start) return denyName(line, text, start, start);
  if (nameEnd - start > scope.limits.name) return denyLongName(line, name.name, scope.limits.name);
  if (text.charCodeAt(at) === BRACE_OPEN) {
    const end = readLabels(text, at, line, labels);
    if (typeof end !== 'number') return end;
    at = skipBlanks(text, end);
  } else {
    if (at === nameEnd) return denyName(line, text, start, nameEnd);
    clearLabels(labels);
  }
  before.start = start;
  before.value = at;
  return readValue(reader, at);
}

/** The common value of a series of one line; undefined for any other, which is not read. */
function readPlainValue(reader: Reader, bytes: Uint8Array, at: number): number | undefined {
  const { table, sampleName: name, labels, scope } = reader;
  const { shape } = labels;
  if (name === undefined || shape === undefined || table.isExact) return undefined;
  if (shape.watched.length > 0 || isDistribution(name.family)) return undefined;
  const end = scanPlainValue(bytes, at);
  if (end === -1 || bytes[end] !== LINE_FEED) return undefined;
  if (reader.series >= scope.limits.series) return undefined;
  reader.series += 1;
  addLine(name.family, labels, shape, end - at);
  return end;
}

function readValue(reader: Reader, at: number): number | Deny {
  const { text, line, sampleName: name } = reader;
  const end = scanToken(text, at);
  const value = text.slice(at, end);
  if (!isSampleValue(value)) return denyValue(line, text, at, false);
  if (text.charCodeAt(end) !== LINE_FEED) return denyValue(line, text, at, true);
  return (name && takeSample(reader, name, value)) ?? end;
}

/** Neighbours mostly have the same name, which is then not looked up again. */
function readSampleName(reader: Reader, start: number): number {
  const { text, table, sampleName: known } = reader;
  if (known !== undefined && text.startsWith(known.name, start)) {
    const end = start + known.name.length;
    const code = text.charCodeAt(end);
    if (code === BRACE_OPEN || isBlank(code)) return end;
  }
  const end = scanMetricName(text, start);
  if (end > start) reader.sampleName = resolveSample(table, text.slice(start, end));
  return end;
}

function takeSample(reader: Reader, name: SampleName, value: string): Deny | undefined {
  const { text, line, labels, scope } = reader;
  reader.series += 1;
  if (reader.series > scope.limits.series) return denySeries(scope.limits.series);
  const shape = shapeOf(labels, line);
  if ('effect' in shape) return shape;
  for (const position of shape.watched) {
    const watched = labelValue(text, labels, position);
    if (watched !== '') reader.labelValues.get(labels.names[position] ?? '')?.add(watched);
  }
  return addSample({ line, text, name, labels, shape, value }, reader.table.isExact);
}

function finish(reader: Reader): Decision<PushContent> {
  const { table, series, labelValues, labels, incomplete } = reader;
  const families: FamilyContent[] = [];
  for (const family of table.families) {
    if (!hasSeries(family)) continue;
    const problem = incomplete?.has(family) ? undefined : checkDistributions(family);
    if (problem !== undefined) return problem;
    families.push(sumUp(family));
  }
  return allow({ families, series, labelValues, labelNames: listLabelNames(labels.seenNames) });
}
