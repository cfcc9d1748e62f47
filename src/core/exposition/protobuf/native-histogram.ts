import type { BucketSpanMessage, HistogramMessage } from './metric-messages.ts';

/** Schemas whose bounds are powers of 2^(2^-schema). */
const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;

/**
 * Says what is wrong with the native part of a histogram, if anything is: Prometheus gives up the
 * whole scrape over one histogram that it finds inconsistent.
 * @see prometheus `model/histogram/histogram.go`, `Validate`
 */
export function explainNativeHistogram(histogram: HistogramMessage): string | undefined {
  const { schema = 0, zeroThreshold = 0, zeroCount = 0, sampleCount = 0 } = histogram;
  if (schema < MIN_SCHEMA || schema > MAX_SCHEMA) return `has schema ${schema}, which is not known`;
  if (!(zeroThreshold >= 0 && Number.isFinite(zeroThreshold))) return 'has no sound zero threshold';
  if (!isInReach(histogram.negativeSpan, schema) || !isInReach(histogram.positiveSpan, schema)) {
    return 'has a bucket beyond the largest or smallest number';
  }
  const negative = countObservations(histogram.negativeSpan, histogram.negativeDelta);
  const positive = countObservations(histogram.positiveSpan, histogram.positiveDelta);
  if (negative === undefined || positive === undefined)
    return 'has spans that its buckets do not fit';
  const total = negative + positive + zeroCount;
  if (!Number.isSafeInteger(total)) return 'has a count out of range';
  // Observations of NaN are in the count, in no bucket, and make the sum NaN.
  const isWhole = Number.isNaN(histogram.sampleSum) ? total <= sampleCount : total === sampleCount;
  return isWhole || !isNative(histogram)
    ? undefined
    : 'has a count that its buckets do not sum up to';
}

/** How Prometheus tells a native histogram from a classic one. */
export function isNative({
  positiveSpan,
  negativeSpan,
  zeroThreshold = 0,
  zeroCount = 0,
}: HistogramMessage): boolean {
  return positiveSpan.length > 0 || negativeSpan.length > 0 || zeroThreshold > 0 || zeroCount > 0;
}

/** The observations in buckets that are given by their differences; undefined if they are unsound. */
function countObservations(
  spans: readonly BucketSpanMessage[],
  deltas: readonly number[],
): number | undefined {
  const gaps = spans.slice(1);
  if (gaps.some(({ offset = 0 }) => offset < 0)) return undefined;
  const length = spans.reduce((sum, span) => sum + (span.length ?? 0), 0);
  if (length !== deltas.length) return undefined;
  let count = 0;
  let total = 0;
  for (const delta of deltas) {
    count += delta;
    if (count < 0) return undefined;
    total += count;
  }
  return total;
}

/** Exponents of 2 that a 64-bit float can have, from the smallest to infinity, and some. */
const MAX_EXPONENT = 1100;

/**
 * Whether every bucket has a bound that a number can have. Prometheus counts buckets in 32 bits and
 * refuses a whole scrape when spans run over them.
 * @see prometheus `model/histogram/generic.go`, `checkHistogramSpans`
 */
function isInReach(spans: readonly BucketSpanMessage[], schema: number): boolean {
  const furthest = MAX_EXPONENT * 2 ** Math.max(schema, 0);
  let index = 0;
  return spans.every(({ offset = 0, length = 0 }) => {
    const first = index + offset;
    index = first + length;
    return Math.abs(first) <= furthest && index <= furthest;
  });
}
