import { renderQuoted } from '../../printable.ts';
import { type LabelShape, resolveShape } from '../label-shape.ts';
import { scanLabelName } from '../name.ts';
import type { ContentScope } from '../push-content.ts';
import type { MetricMessage } from './metric-messages.ts';

type LabelMessages = MetricMessage['label'];

/** What has been seen of the labels of a body. */
export interface SeenLabels {
  readonly scope: ContentScope;
  readonly labelValues: ReadonlyMap<string, Set<string>>;
  /** Of the metric before: neighbours mostly have the same label names. */
  names: readonly string[];
  shape: LabelShape | undefined;
}

/** A series, told from the others of its family. */
export interface SeriesIdentity {
  readonly identity: string;
}

export function createSeenLabels(scope: ContentScope): SeenLabels {
  const labelValues = new Map([...scope.watchedLabels].map((name) => [name, new Set<string>()]));
  return { scope, labelValues, names: [], shape: undefined };
}

/**
 * Enters the labels of a metric, or says what is wrong with them. Labels that the grouping key
 * overwrites and labels without a value do not tell series apart.
 */
export function identifySeries(seen: SeenLabels, metric: MetricMessage): SeriesIdentity | string {
  const { label: labels, histogram, summary } = metric;
  const shape = shapeOf(seen, labels);
  if (typeof shape === 'string') return shape;
  const isDistribution = histogram !== undefined || summary !== undefined;
  if (isDistribution && shape.base.length < shape.identity.length) return 'a label le or quantile';
  const problem = explainValues(labels, seen.scope.limits.labelValue);
  if (problem !== undefined) return problem;

  for (const position of shape.watched) {
    const { name = '', value = '' } = labels[position] ?? {};
    if (value !== '') seen.labelValues.get(name)?.add(value);
  }
  let identity = '';
  for (const position of shape.identity) {
    const { name = '', value = '' } = labels[position] ?? {};
    // No value has a NUL, so that it separates.
    if (value !== '') identity += `${name}\0${value}\0`;
  }
  return { identity };
}

function shapeOf(seen: SeenLabels, labels: LabelMessages): LabelShape | string {
  const { names, shape } = seen;
  const isSame =
    names.length === labels.length && labels.every(({ name }, index) => name === names[index]);
  if (isSame && shape !== undefined) return shape;
  const newNames = labels.map(({ name = '' }) => name);
  const wrong = newNames.find((name) => name === '' || scanLabelName(name, 0) < name.length);
  if (wrong !== undefined) return `a label name ${renderQuoted(wrong)}`;
  const resolved = resolveShape(newNames, seen.scope);
  if (typeof resolved === 'string') return resolved;
  seen.names = newNames;
  seen.shape = resolved;
  return resolved;
}

function explainValues(labels: LabelMessages, maxBytes: number): string | undefined {
  for (const { value = '' } of labels) {
    if (value.includes('\0')) return 'a NUL character in a label value';
    // A UTF-16 code unit is at most three bytes of UTF-8.
    if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes) {
      return `a label value of over ${maxBytes} bytes`;
    }
  }
  return undefined;
}
