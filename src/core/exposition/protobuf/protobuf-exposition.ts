import { allow, type Decision, type Deny, deny } from '../../decision.ts';
import { renderName } from '../../printable.ts';
import { explainForeignBytes } from '../foreign-bytes.ts';
import { addLabelNames, listLabelNames } from '../label-names.ts';
import type { LabelShape } from '../label-shape.ts';
import {
  type ContentScope,
  type FamilyContent,
  type MetricType,
  occupiedNames,
  type PushContent,
  type ReadExposition,
} from '../push-content.ts';
import { numberBytes } from '../sample-value.ts';
import { forgetSeries, hasTwins, identifySeries } from '../series-identity.ts';
import { denySeries } from '../series-limit.ts';
import { createFamilyState, type FamilyState } from './family-state.ts';
import { decodeDelimited, TOO_MANY_ELEMENTS } from './message.ts';
import { countBytes, countLines, explainMetric } from './metric-check.ts';
import {
  createSeenLabels,
  enterSeries,
  renderIdentity,
  type SeenLabels,
  shapeOf,
} from './metric-labels.ts';
import {
  METRIC,
  METRIC_FAMILY,
  type MetricFamilyMessage,
  type MetricMessage,
} from './metric-messages.ts';
import { isNative } from './native-histogram.ts';
import {
  createPlainMetric,
  type PlainMetric,
  readPlainMetric,
  readPlainNames,
} from './plain-metric.ts';
import { createWire, type Wire } from './wire.ts';
import { withoutCreated } from './without-created.ts';

/** The parser between two families. */
interface Reader {
  readonly wire: Wire;
  readonly scope: ContentScope;
  readonly seen: SeenLabels;
  readonly plain: PlainMetric;
  /** Whether series are told apart by their labels, and not by their hashes alone. */
  readonly isExact: boolean;
  /** Whether two series of a family have the same hash. */
  hasTwins: boolean;
  /** Sound ones. */
  readonly families: FamilyContent[];
  /** Which of them has which name. */
  readonly taken: Map<string, FamilyState>;
  /** Families so far, the one that is read included. */
  count: number;
  series: number;
  /** Whether a native histogram has a creation time. */
  hasCreated: boolean;
}

/**
 * Parses a body of length-delimited `MetricFamily` messages, whole and strictly: what it accepts
 * every Pushgateway takes for the same, and the scrape that it becomes a part of stays whole. A
 * body without families is legal. Ends in `body_invalid` or `too_many_series`.
 * @see pushgateway `handler/push.go`, `Push`
 */
export function parseProtobufExposition(
  body: Uint8Array,
  scope: ContentScope,
): Decision<PushContent> {
  const { content, problems } = readProtobuf(body, scope, 1);
  return problems[0] ?? content;
}

/**
 * Reads a body to its end, whatever is wrong with it: at most `most` problems, one a family, and
 * what the sound families hold.
 */
export function readProtobuf(body: Uint8Array, scope: ContentScope, most: number): ReadExposition {
  // Without a key an instance may be empty or missing, which is the same series with two hashes.
  if (scope.key === undefined) return readAll(createReader(body, scope, true), most);
  const reader = createReader(body, scope, false);
  const read = readAll(reader, most);
  return reader.hasTwins ? readAll(createReader(body, scope, true), most) : read;
}

/** @param isExact - whether it finds series that are there twice; without, they are let through */
function createReader(body: Uint8Array, scope: ContentScope, isExact: boolean): Reader {
  return {
    wire: createWire(body),
    scope,
    seen: createSeenLabels(scope),
    plain: createPlainMetric(body),
    isExact,
    hasTwins: false,
    families: [],
    taken: new Map(),
    count: 0,
    series: 0,
    hasCreated: false,
  };
}

function readAll(reader: Reader, most: number): ReadExposition {
  const { bytes: body } = reader.wire;
  const problems: Deny[] = [];
  while (reader.wire.at < body.byteLength) {
    reader.count += 1;
    const { limits } = reader.scope;
    const message = decodeDelimited(reader.wire, body.byteLength, METRIC_FAMILY, limits.series);
    if (message === undefined) {
      problems.push(explainProtobufBytes(body) ?? denyWire(reader));
      break;
    }
    const end = reader.wire.at;
    const problem = readFamily(reader, message);
    if (problem !== undefined && problems.push(problem) >= most) break;
    if (problem !== undefined && problem.reason !== 'body_invalid') break;
    reader.wire.at = end;
  }
  forgetSeries();
  const { families, series, seen } = reader;
  const content = {
    families,
    series,
    labelValues: seen.labelValues,
    labelNames: listLabelNames(seen.labelNames),
    // An unsound body cannot be written anew.
    ...(problems.length === 0 && reader.hasCreated && { rewritten: withoutCreated(body) }),
  };
  return { content: allow(content), problems };
}

function readFamily(reader: Reader, message: MetricFamilyMessage): Deny | undefined {
  const { families, taken } = reader;
  const family = createFamilyState(message, reader.scope.limits.name, reader.isExact);
  if (typeof family === 'string') return denyFamily(reader, family);
  for (const name of occupiedNames(family)) {
    const holder = taken.get(name);
    if (holder !== undefined) {
      return denyFamily(reader, `${renderName(name)} belongs to a ${holder.type} before it`);
    }
    taken.set(name, family);
  }
  const problem = readMetrics(reader, family, message.metric);
  if (problem !== undefined) return problem;
  if (family.natives > 0 && family.natives < message.metric.length) {
    return denyFamily(reader, 'native and classic histograms in one family', family);
  }
  const { name, natives, series, bytes, hashes } = family;
  const type = natives > 0 ? 'native_histogram' : family.type;
  families.push({ name, type, isTyped: true, series, bytes, identities: hashes });
  return undefined;
}

function readMetrics(
  reader: Reader,
  family: FamilyState,
  positions: readonly number[],
): Deny | undefined {
  let problem: Deny | undefined;
  for (const position of positions) {
    reader.wire.at = position;
    problem = readPlain(reader, family) ? undefined : readMetric(reader, family);
    if (problem !== undefined) break;
  }
  if (!reader.isExact) reader.hasTwins ||= hasTwins(family.hashes);
  return problem;
}

/** Reads a metric in place, if it is labels and one number. */
function readPlain(reader: Reader, family: FamilyState): boolean {
  const { scope, plain } = reader;
  if (reader.isExact || reader.series >= scope.limits.series) return false;
  const shape = readInPlace(reader, family.type);
  if (shape === undefined || shape.watched.length > 0) return false;
  addLabelNames(reader.seen.labelNames, shape);
  const seriesBytes = identifySeries(family.name, shape.layout, plain.writeValue, family.hashes);
  family.bytes += seriesBytes + numberBytes(plain.value);
  family.series += 1;
  reader.series += 1;
  return true;
}

/** Reads it with the label names of the metric before, or with its own. */
function readInPlace(
  { wire, scope, seen, plain }: Reader,
  type: MetricType,
): LabelShape | undefined {
  const { bytes, at } = wire;
  const { labelValue } = scope.limits;
  const isRead = (shape: LabelShape): boolean =>
    readPlainMetric(bytes, at, plain, type, shape.encodedNames, labelValue);
  if (seen.shape !== undefined && isRead(seen.shape)) return seen.shape;
  const names = readPlainNames(bytes, at, type);
  const shape = names === undefined ? undefined : shapeOf(seen, names);
  return typeof shape === 'object' && isRead(shape) ? shape : undefined;
}

function readMetric(reader: Reader, family: FamilyState): Deny | undefined {
  const { wire, scope, seen } = reader;
  const { series, labels } = scope.limits;
  const metric = decodeDelimited(wire, wire.bytes.length, METRIC, series + labels);
  if (metric === undefined) return denyWire(reader, family);
  const problem = explainMetric(metric, family.type) ?? addSeries(seen, metric, family);
  if (problem !== undefined) return denyFamily(reader, problem, family);
  if (metric.histogram !== undefined && isNative(metric.histogram)) {
    family.natives += 1;
    reader.hasCreated ||= metric.histogram.createdTimestamp !== undefined;
  }
  const lines = countLines(metric);
  family.series += lines;
  reader.series += lines;
  return reader.series > series ? denySeries(series) : undefined;
}

/** Enters the series of a metric, or says why it cannot be one. */
function addSeries(
  seen: SeenLabels,
  metric: MetricMessage,
  family: FamilyState,
): string | undefined {
  const { name, identities, hashes } = family;
  const shape = enterSeries(seen, metric);
  if (typeof shape === 'string') return shape;
  if (identities !== undefined) {
    const identity = renderIdentity(seen, shape);
    if (identities.has(identity)) return 'a duplicate series';
    identities.add(identity);
  }
  const seriesBytes = identifySeries(name, shape.layout, seen.writeValue, hashes);
  family.bytes += countBytes(metric, seriesBytes);
  return undefined;
}

/** Refuses what is wrong with the bytes themselves. */
function denyWire(reader: Reader, family?: FamilyState): Deny {
  const { wire, scope } = reader;
  return wire.problem === TOO_MANY_ELEMENTS
    ? denySeries(scope.limits.series)
    : denyFamily(reader, wire.problem, family);
}

/** Refuses the family that is being read, counted from 1. */
function denyFamily({ count }: Reader, problem: string, family?: FamilyState): Deny {
  return deny('body_invalid', {
    detail: `family ${count}: ${problem}`,
    hints: family === undefined ? [] : [`its name is ${renderName(family.name)}`],
  });
}

/** Says what a body is that is no protobuf at all: compressed, or text. */
function explainProtobufBytes(body: Uint8Array): Deny | undefined {
  const foreign = explainForeignBytes(body);
  if (foreign !== undefined) {
    return deny('body_invalid', { detail: foreign.problem, hints: foreign.hints });
  }
  const start = Buffer.from(body.subarray(0, 64)).toString('latin1');
  if (!/^[\t\n\r -~]{2,}$/.test(start)) return undefined;
  return deny('body_invalid', {
    detail: 'the body is text, and was sent as protobuf',
    hints: ['leave the Content-Type out, or send "Content-Type: text/plain; version=0.0.4"'],
  });
}
