import { type MessageOf, message, optional, repeated } from './message.ts';

/**
 * The messages of the protobuf exchange format, as far as any client library knows them. Fields
 * that a Pushgateway is too old to know it keeps unread.
 * @see prometheus/client_model `io/prometheus/client/metrics.proto`
 */

const LABEL_PAIR = message({ name: optional(1, 'string'), value: optional(2, 'string') });

const TIMESTAMP = message({ seconds: optional(1, 'uint64'), nanos: optional(2, 'uint64') });

const EXEMPLAR = message({
  label: repeated(1, LABEL_PAIR),
  value: optional(2, 'double'),
  timestamp: optional(3, TIMESTAMP),
});

const GAUGE = message({ value: optional(1, 'double') });

const COUNTER = message({
  value: optional(1, 'double'),
  exemplar: optional(2, EXEMPLAR),
  createdTimestamp: optional(3, TIMESTAMP),
});

const QUANTILE = message({ quantile: optional(1, 'double'), value: optional(2, 'double') });

const SUMMARY = message({
  sampleCount: optional(1, 'uint64'),
  sampleSum: optional(2, 'double'),
  quantile: repeated(3, QUANTILE),
  createdTimestamp: optional(4, TIMESTAMP),
});

const UNTYPED = message({ value: optional(1, 'double') });

const BUCKET = message({
  cumulativeCount: optional(1, 'uint64'),
  upperBound: optional(2, 'double'),
  exemplar: optional(3, EXEMPLAR),
  cumulativeCountFloat: optional(4, 'double'),
});

const BUCKET_SPAN = message({ offset: optional(1, 'sint64'), length: optional(2, 'uint64') });

const HISTOGRAM = message({
  sampleCount: optional(1, 'uint64'),
  sampleSum: optional(2, 'double'),
  bucket: repeated(3, BUCKET),
  sampleCountFloat: optional(4, 'double'),
  schema: optional(5, 'sint64'),
  zeroThreshold: optional(6, 'double'),
  zeroCount: optional(7, 'uint64'),
  zeroCountFloat: optional(8, 'double'),
  negativeSpan: repeated(9, BUCKET_SPAN),
  negativeDelta: repeated(10, 'sint64'),
  negativeCount: repeated(11, 'double'),
  positiveSpan: repeated(12, BUCKET_SPAN),
  positiveDelta: repeated(13, 'sint64'),
  positiveCount: repeated(14, 'double'),
  createdTimestamp: optional(15, TIMESTAMP),
  exemplars: repeated(16, EXEMPLAR),
});

/** One metric of a family. */
export const METRIC = message({
  label: repeated(1, LABEL_PAIR),
  gauge: optional(2, GAUGE),
  counter: optional(3, COUNTER),
  summary: optional(4, SUMMARY),
  untyped: optional(5, UNTYPED),
  timestampMs: optional(6, 'uint64'),
  histogram: optional(7, HISTOGRAM),
});

/** A family, its metrics left where they are. */
export const METRIC_FAMILY = message({
  name: optional(1, 'string'),
  help: optional(2, 'string'),
  type: optional(3, 'uint64'),
  metric: repeated(4, 'position'),
  unit: optional(5, 'string'),
});

export type MetricMessage = MessageOf<typeof METRIC>;
export type MetricFamilyMessage = MessageOf<typeof METRIC_FAMILY>;
export type HistogramMessage = MessageOf<typeof HISTOGRAM>;
export type SummaryMessage = MessageOf<typeof SUMMARY>;
export type ExemplarMessage = MessageOf<typeof EXEMPLAR>;
export type TimestampMessage = MessageOf<typeof TIMESTAMP>;
export type BucketSpanMessage = MessageOf<typeof BUCKET_SPAN>;
