import { identifySeries, type SeriesIdentities } from '../exposition/series-identity.ts';
import { layOutSeries } from '../exposition/series-layout.ts';
import { writeText } from '../exposition/series-writer.ts';
import type { GroupingKey } from '../target/grouping-key.ts';

/**
 * The requests that Pushgateway counts, each handler with the methods that reach it. The metrics are
 * the same from 1.5.1 to 1.11.3; a series comes into being at the first request of its kind.
 * @see pushgateway `handler/metrics.go`, `main.go`, `api/v1/api.go`
 */
const HANDLERS = [
  ['push', ['post', 'put']],
  ['delete', ['delete']],
  ['wipe', ['put']],
  ['healthy', ['get']],
  ['ready', ['get']],
  ['static', ['get']],
  ['status', ['get']],
  ['api/v1/status', ['get']],
  ['api/v1/metrics', ['get']],
  ['api/v1/options', ['options']],
] as const;

/** @see client_golang `prometheus/promhttp/instrument_server.go`, `sanitizeCode` */
const CODES = ['unknown', ...Array.from({ length: 500 }, (_, index) => String(100 + index))];

/** Summaries by method alone. */
const PUSH_SUMMARIES = [
  'pushgateway_http_push_duration_seconds',
  'pushgateway_http_push_size_bytes',
];

/** The time stamps that Pushgateway keeps with every group. */
const TIME_STAMPS = ['push_time_seconds', 'push_failure_time_seconds'] as const;

let known: Readonly<SeriesIdentities> | undefined;

/** Every series that Pushgateway can come to export of itself as requests come in. */
export function ownSeriesToCome(): Readonly<SeriesIdentities> {
  known ??= enumerate();
  return known;
}

/** The series that Pushgateway adds to a group. */
export function timeStampSeries(key: GroupingKey): Readonly<SeriesIdentities> {
  const identities: SeriesIdentities = [];
  const layout = layOutSeries([], [], key);
  for (const name of TIME_STAMPS) identifySeries(name, layout, () => {}, identities);
  return identities;
}

function enumerate(): Readonly<SeriesIdentities> {
  const identities: SeriesIdentities = [];
  let current: readonly string[] = [];
  const writeValue = (position: number): void => writeText(current[position] ?? '');
  const requests = layOutSeries(['code', 'handler', 'method'], [0, 1, 2], undefined);
  const pushes = layOutSeries(['method'], [0], undefined);
  for (const [handler, methods] of HANDLERS) {
    for (const method of methods) {
      for (const code of CODES) {
        current = [code, handler, method];
        identifySeries('pushgateway_http_requests_total', requests, writeValue, identities);
      }
      if (handler !== 'push') continue;
      current = [method];
      for (const name of PUSH_SUMMARIES) identifySeries(name, pushes, writeValue, identities);
    }
  }
  return identities;
}
