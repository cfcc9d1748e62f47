import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MaybePromise } from '../core/maybe-promise.ts';
import { METRICS, type MetricName, type MetricRow } from './definitions.ts';

/** The metrics of the gateway, each under the type that its row says. */
export type Metrics = {
  readonly [Name in MetricName]: (typeof METRICS)[Name]['type'] extends 'counter'
    ? Counter
    : (typeof METRICS)[Name]['type'] extends 'gauge'
      ? Gauge
      : Histogram;
};

export interface MetricsRegistry {
  readonly metrics: Metrics;
  readonly contentType: string;
  /**
   * Has something called before each exposition, which waits for it. What every push counts is kept
   * in numbers and told to the metrics then: prom-client makes strings of the labels at each call.
   */
  readonly beforeRender: (tell: () => MaybePromise<void>) => void;
  /** The exposition, text format. */
  render(): Promise<string>;
}

/** Gauges that are named like counters, which `promtool check metrics` does not accept. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Creates every metric of the table, and those of the process under their usual names. */
export function createMetricsRegistry(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const tellers: (() => MaybePromise<void>)[] = [];
  const entries = Object.entries(METRICS).map(([name, row]) => [
    name,
    createMetric(name, row, registry),
  ]);
  return {
    metrics: Object.fromEntries(entries) as Metrics, // made from the rows that the type is made from
    contentType: registry.contentType,
    beforeRender: (tell) => void tellers.push(tell),
    async render() {
      await Promise.all(tellers.map((tell) => tell()));
      return await registry.metrics();
    },
  };
}

function createMetric(name: string, row: MetricRow, registry: Registry) {
  const { type, help, labels, buckets = [] } = row;
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (type) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram({ ...options, buckets: [...buckets] });
  }
}
