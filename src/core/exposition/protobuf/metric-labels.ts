import { renderName, renderQuoted } from '../../printable.ts';
import { addLabelNames, createLabelNames, type LabelNames } from '../label-names.ts';
import { type LabelShape, resolveShape } from '../label-shape.ts';
import { scanLabelName } from '../name.ts';
import { type ContentScope, type WatchedValues, watchLabels } from '../push-content.ts';
import type { WriteValue } from '../series-identity.ts';
import { writeText } from '../series-writer.ts';
import type { MetricMessage } from './metric-messages.ts';

type LabelMessages = MetricMessage['label'];

/** What has been seen of the labels of a body. */
export interface SeenLabels {
  readonly scope: ContentScope;
  readonly labelValues: WatchedValues;
  readonly labelNames: LabelNames;
  /** Of the metric before: neighbours mostly have the same label names. */
  names: readonly string[];
  shape: LabelShape | undefined;
  /** Of the metric that is read. */
  current: LabelMessages;
  readonly writeValue: WriteValue;
}

export function createSeenLabels(scope: ContentScope): SeenLabels {
  const seen: SeenLabels = {
    scope,
    labelValues: watchLabels(scope),
    labelNames: createLabelNames(),
    names: [],
    shape: undefined,
    current: [],
    writeValue: (position) => writeText(seen.current[position]?.value ?? ''),
  };
  return seen;
}

/** Enters the labels of a metric, or says what is wrong with them. */
export function enterSeries(seen: SeenLabels, metric: MetricMessage): LabelShape | string {
  const { label: labels, histogram, summary } = metric;
  const shape = shapeOf(
    seen,
    labels.map(({ name = '' }) => name),
  );
  if (typeof shape === 'string') return shape;
  addLabelNames(seen.labelNames, shape);
  const isDistribution = histogram !== undefined || summary !== undefined;
  if (isDistribution && shape.base.length < shape.identity.length) return 'a label le or quantile';
  const problem = explainValues(labels, seen.scope.limits.labelValue);
  if (problem !== undefined) return problem;

  for (const position of shape.watched) {
    const { name = '', value = '' } = labels[position] ?? {};
    if (value !== '') seen.labelValues.get(name)?.add(value);
  }
  seen.current = labels;
  return shape;
}

/**
 * A text that is the same for the same series of a family and for no other. Labels that the grouping
 * key overwrites and labels without a value do not tell series apart.
 */
export function renderIdentity({ current }: SeenLabels, shape: LabelShape): string {
  let identity = '';
  for (const position of shape.identity) {
    const { name = '', value = '' } = current[position] ?? {};
    // No value has a NUL, so that it separates.
    if (value !== '') identity += `${name}\0${value}\0`;
  }
  return identity;
}

/** What label names mean, or what is wrong with them. */
export function shapeOf(seen: SeenLabels, newNames: readonly string[]): LabelShape | string {
  const { names, shape } = seen;
  const isSame =
    names.length === newNames.length && newNames.every((name, index) => name === names[index]);
  if (isSame && shape !== undefined) return shape;
  const wrong = newNames.find((name) => name === '' || scanLabelName(name, 0) < name.length);
  if (wrong !== undefined) return `a label name ${renderQuoted(wrong)}`;
  const { name: maxName } = seen.scope.limits;
  const long = newNames.find((name) => name.length > maxName);
  if (long !== undefined)
    return `the label name ${renderName(long)} has over ${maxName} characters`;
  const resolved = resolveShape(newNames, seen.scope);
  if ('problem' in resolved) return resolved.problem;
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
