import { allow, type Decision, type Deny, deny } from './decision.ts';
import { denySeries } from './exposition-problem.ts';
import { scanLabelName, scanMetricName } from './exposition-token.ts';
import { type LabelShape, resolveShape } from './label-shape.ts';
import { countLines, explainMetric } from './metric-check.ts';
import {
  METRIC,
  METRIC_FAMILY,
  type MetricFamilyMessage,
  type MetricMessage,
} from './metric-messages.ts';
import { renderQuoted } from './printable.ts';
import { decodeMessage, TOO_MANY_ELEMENTS } from './protobuf-message.ts';
import { createWire, readExtent, type Wire } from './protobuf-wire.ts';
import {
  type ContentScope,
  type MetricType,
  occupiedNames,
  type PushContent,
  type PushedFamily,
} from './push-content.ts';

/** The metric types by their numbers on the wire; gauge histograms are not taken. */
const TYPES: readonly (MetricType | undefined)[] = [
  'counter',
  'gauge',
  'summary',
  'untyped',
  'histogram',
];

/** The parser between two families. */
interface Reader {
  readonly wire: Wire;
  readonly scope: ContentScope;
  readonly families: PushedFamily[];
  /** Which family has which name. */
  readonly taken: Map<string, PushedFamily>;
  series: number;
  readonly labelValues: Map<string, Set<string>>;
  /** Of the metric before, as neighbours mostly have the same label names. */
  names: readonly string[];
  shape: LabelShape | undefined;
}

/**
 * Parses a body of length-delimited `MetricFamily` messages, whole and strictly: what it accepts
 * every Pushgateway takes for the same, and the scrape that it becomes a part of stays whole. A
 * body without families is legal. Ends in `body_invalid`, or in `too_many_series`.
 * @see pushgateway `handler/push.go`, `Push`; prometheus/client_model `metrics.proto`
 */
export function parseProtobufExposition(
  body: Uint8Array,
  scope: ContentScope,
): Decision<PushContent> {
  const reader: Reader = {
    wire: createWire(body),
    scope,
    families: [],
    taken: new Map(),
    series: 0,
    labelValues: new Map([...scope.watchedLabels].map((name) => [name, new Set()])),
    names: [],
    shape: undefined,
  };
  const { wire, families, labelValues } = reader;
  while (wire.at < wire.bytes.length) {
    const problem = readFamily(reader);
    if (problem !== undefined) return problem;
  }
  return allow({ families, series: reader.series, labelValues });
}

function readFamily(reader: Reader): Deny | undefined {
  const { wire, scope, families } = reader;
  const end = readExtent(wire, wire.bytes.length);
  wire.budget = scope.limits.series;
  const message = end === undefined ? undefined : decodeMessage(wire, end, METRIC_FAMILY);
  if (message === undefined) return denyWire(reader, '');
  const family = checkFamily(message);
  if (typeof family === 'string') return denyFamily(reader, message.name, family);
  for (const name of occupiedNames(family)) {
    const holder = reader.taken.get(name);
    if (holder !== undefined) return denyClash(reader, name, holder);
    reader.taken.set(name, family);
  }
  families.push(family);
  const problem = readMetrics(reader, family, message);
  wire.at = end ?? wire.bytes.length;
  return problem;
}

function checkFamily(message: MetricFamilyMessage): PushedFamily | string {
  const { name = '', help = '', unit = '', type: typeNumber = 0 } = message;
  const type = TYPES[typeNumber];
  if (name === '') return 'a family without a name';
  if (scanMetricName(name, 0) !== name.length) return 'a name that is no metric name';
  if (type === undefined) return `a type that is not taken (${typeNumber})`;
  if (message.metric.length === 0) return 'no metric';
  if (help.includes('\0') || unit.includes('\0')) return 'a NUL character';
  return { name, type };
}

function readMetrics(
  reader: Reader,
  family: PushedFamily,
  message: MetricFamilyMessage,
): Deny | undefined {
  const { wire, scope } = reader;
  const identities = new Set<string>();
  for (const position of message.metric) {
    wire.at = position;
    wire.budget = scope.limits.series + scope.limits.labels;
    const end = readExtent(wire, wire.bytes.length);
    const metric = end === undefined ? undefined : decodeMessage(wire, end, METRIC);
    if (metric === undefined) return denyWire(reader, family.name);
    const identity = identify(reader, family.type, metric);
    const problem = typeof identity === 'string' ? identity : explainMetric(metric, family.type);
    if (problem !== undefined) return denyFamily(reader, family.name, problem);
    ...
  }
}
