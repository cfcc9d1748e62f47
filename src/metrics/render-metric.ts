import type { MetricRow } from './definitions.ts';
import { type Counter, type Gauge, Histogram } from './series.ts';

/** The lines of a metric, in the text format of Prometheus. */
export function renderMetric(
  name: string,
  { type, help, labels }: MetricRow,
  entries: Iterable<readonly [values: readonly string[], series: Counter | Gauge | Histogram]>,
): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  for (const [values, series] of entries) {
    const pairs = labels.map((label, at) => `${label}="${escapeValue(values[at] ?? '')}"`);
    if (series instanceof Histogram) lines.push(...renderHistogram(name, pairs, series));
    else lines.push(`${name}${renderPairs(pairs)} ${renderNumber(series.value)}`);
  }
  return lines.join('\n');
}

function* renderHistogram(
  name: string,
  pairs: readonly string[],
  { bounds, counts, count, sum }: Histogram,
): Generator<string> {
  let below = 0;
  for (const [at, bound] of bounds.entries()) {
    below += counts[at] ?? 0;
    yield `${name}_bucket${renderPairs([`le="${bound}"`, ...pairs])} ${below}`;
  }
  yield `${name}_bucket${renderPairs(['le="+Inf"', ...pairs])} ${count}`;
  yield `${name}_sum${renderPairs(pairs)} ${renderNumber(sum)}`;
  yield `${name}_count${renderPairs(pairs)} ${count}`;
}

function renderPairs(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function renderNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
