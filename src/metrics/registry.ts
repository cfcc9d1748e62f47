import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS, type MetricName, type MetricRow } from './definitions.ts';
import { Family } from './family.ts';
import { renderMetric } from './render-metric.ts';
import { Counter, Gauge, Histogram } from './series.ts';

interface SeriesTypes {
  readonly counter: Counter;
  readonly gauge: Gauge;
  readonly histogram: Histogram;
}

type Rows = typeof METRICS;

type SeriesOf<Name extends MetricName> = SeriesTypes[Rows[Name]['type']];

/** A text for each label. */
type ValuesOf<Labels extends readonly string[]> = { readonly [At in keyof Labels]: string };

/** The metrics of the gateway: each without labels is its one series. */
export type Metrics = {
  readonly [Name in MetricName]: Rows[Name]['labels'] extends readonly []
    ? SeriesOf<Name>
    : Family<SeriesOf<Name>, ValuesOf<Rows[Name]['labels']>>;
};

export interface MetricsRegistry {
  readonly metrics: Metrics;
  readonly contentType: string;
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
  const own = Object.entries<MetricRow>(METRICS).map(([name, row]) => createMetric(name, row));
  const metrics = Object.fromEntries(own.map(({ name, metric }) => [name, metric]));
  return {
    metrics: metrics as Metrics, // made from the rows that the type is made from
    contentType: registry.contentType,
    async render() {
      const ofProcess = await registry.metrics();
      return `${ofProcess}\n${own.map(({ render }) => render()).join('\n\n')}\n`;
    },
  };
}

function createMetric(name: string, row: MetricRow) {
  const create = createSeries(row);
  if (row.labels.length > 0) {
    const metric = new Family(create);
    return { name, metric, render: () => renderMetric(name, row, metric.entries()) };
  }
  const metric = create();
  return { name, metric, render: () => renderMetric(name, row, [[[], metric]]) };
}

function createSeries({ type, buckets = [] }: MetricRow): () => Counter | Gauge | Histogram {
  switch (type) {
    case 'counter':
      return () => new Counter();
    case 'gauge':
      return () => new Gauge();
    case 'histogram':
      return () => new Histogram(buckets);
  }
}
