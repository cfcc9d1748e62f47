import { explainDistribution } from '../distribution.ts';
import { scanLabelName } from '../name.ts';
import { METRIC_TYPES, type MetricType } from '../push-content.ts';
import { isCount, numberBytes } from '../sample-value.ts';
import type {
  ExemplarMessage,
  HistogramMessage,
  MetricMessage,
  SummaryMessage,
  TimestampMessage,
} from './metric-messages.ts';
import { explainNativeHistogram } from './native-histogram.ts';

/** The last second of the year 9999. */
const MAX_SECONDS = 253_402_300_799;
const NANOS_PER_SECOND = 1_000_000_000;

/** Says what is wrong with the value of a metric, if anything is. */
export function explainMetric(metric: MetricMessage, type: MetricType): string | undefined {
  if (metric.timestampMs !== undefined) return 'a timestamp';
  const values = METRIC_TYPES.filter((known) => metric[known] !== undefined);
  if (values.length !== 1 || values[0] !== type) return `a metric that is not one ${type}`;
  const { counter, summary, histogram } = metric;
  if (summary !== undefined) return explainSummary(summary);
  if (histogram !== undefined) return explainHistogram(histogram);
  return explainExemplar(counter?.exemplar) ?? explainTimestamp(counter?.createdTimestamp);
}

/** The lines that a sound metric adds to the scrape. */
export function countLines({ summary, histogram }: MetricMessage): number {
  if (summary !== undefined) return summary.quantile.length + 2;
  if (histogram !== undefined) {
    const hasLast = histogram.bucket.some((bucket) => bucket.upperBound === Infinity);
    return histogram.bucket.length + (hasLast ? 2 : 3);
  }
  return 1;
}

/**
 * The bytes of those lines.
 * @param seriesBytes - of its name and labels
 */
export function countBytes(metric: MetricMessage, seriesBytes: number): number {
  const { counter, gauge, untyped, summary, histogram } = metric;
  const single = counter ?? gauge ?? untyped;
  if (single !== undefined) return seriesBytes + numberBytes(single.value ?? 0);
  const { sampleCount = 0, sampleSum = 0 } = histogram ?? summary ?? {};
  let bytes = countLines(metric) * seriesBytes + numberBytes(sampleCount) + numberBytes(sampleSum);
  for (const { quantile = 0, value = 0 } of summary?.quantile ?? []) {
    bytes += numberBytes(quantile) + numberBytes(value);
  }
  for (const { upperBound = 0, cumulativeCount = 0 } of histogram?.bucket ?? []) {
    bytes += numberBytes(upperBound) + numberBytes(cumulativeCount);
  }
  return bytes;
}

function explainSummary(summary: SummaryMessage): string | undefined {
  const { quantile, sampleCount = 0, createdTimestamp } = summary;
  if (!isCount(sampleCount)) return 'a count out of range';
  const bounds = quantile.map(({ quantile: bound = 0 }) => bound);
  if (bounds.some(Number.isNaN)) return 'a quantile NaN';
  const problem = explainDistribution('summary', { bounds, counts: [] });
  return problem === undefined ? explainTimestamp(createdTimestamp) : `a summary that ${problem}`;
}

function explainHistogram(histogram: HistogramMessage): string | undefined {
  if (hasFloats(histogram)) return 'a histogram with counts that are not whole';
  const bounds = histogram.bucket.map(({ upperBound = 0 }) => upperBound);
  if (bounds.some(Number.isNaN)) return 'a bucket with the bound NaN';
  const counts = histogram.bucket.map(({ cumulativeCount = 0 }) => cumulativeCount);
  const { sampleCount = 0 } = histogram;
  if (!bounds.includes(Infinity)) {
    bounds.push(Infinity);
    counts.push(sampleCount);
  }
  if (!counts.every(isCount) || !isCount(sampleCount)) return 'a count out of range';
  const problem =
    explainDistribution('histogram', { bounds, counts }) ?? explainNativeHistogram(histogram);
  if (problem !== undefined) return `a histogram that ${problem}`;
  const exemplars = [...histogram.bucket.map(({ exemplar }) => exemplar), ...histogram.exemplars];
  for (const exemplar of exemplars) {
    const unsound = explainExemplar(exemplar);
    if (unsound !== undefined) return unsound;
  }
  return explainTimestamp(histogram.createdTimestamp);
}

/** Older Pushgateways show such counts as 0. */
function hasFloats(histogram: HistogramMessage): boolean {
  const { sampleCountFloat, zeroCountFloat, negativeCount, positiveCount, bucket } = histogram;
  return (
    sampleCountFloat !== undefined ||
    zeroCountFloat !== undefined ||
    negativeCount.length > 0 ||
    positiveCount.length > 0 ||
    bucket.some(({ cumulativeCountFloat }) => cumulativeCountFloat !== undefined)
  );
}

function explainExemplar(exemplar: ExemplarMessage | undefined): string | undefined {
  if (exemplar === undefined) return undefined;
  const names = exemplar.label.map(({ name = '' }) => name);
  const isSound = names.every((name) => name !== '' && scanLabelName(name, 0) === name.length);
  if (!isSound || new Set(names).size < names.length) return 'an exemplar with unsound labels';
  return explainTimestamp(exemplar.timestamp);
}

function explainTimestamp(timestamp: TimestampMessage | undefined): string | undefined {
  const { seconds = 0, nanos = 0 } = timestamp ?? {};
  return seconds > MAX_SECONDS || nanos >= NANOS_PER_SECOND ? 'a time out of range' : undefined;
}
