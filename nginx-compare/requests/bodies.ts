import { delimited, double, integer, prefixed } from '../../test/support/protobuf.ts';
import { accept, type ComparedRequest, message, noHarm, pushed, refuse, row } from './request.ts';

const OWN = '/metrics/job/settlement';
const PROTOBUF = [
  'Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
];

function push(body: string | Buffer, target = OWN): Buffer {
  return message('PUT', target, { body, headers: ['Content-Type: text/plain'] });
}

function pushProtobuf(...parts: readonly Buffer[]): Buffer {
  return message('PUT', OWN, { body: Buffer.concat(parts), headers: PROTOBUF });
}

const CONFLICT = message('PUT', OWN, {
  as: 'ci',
  body: '# TYPE search_docs counter\nsearch_docs 1\n',
});

/** A family with one gauge. */
function family(name: string, type = 1): Buffer {
  const gauge = delimited(4, delimited(2, double(1, 42)));
  return prefixed(delimited(1, name), integer(3, type), gauge);
}

/** Half a name, then a byte that no UTF-8 text has. */
const BAD_HELP = Buffer.concat([
  Buffer.from('# HELP payments_bad caf'),
  Buffer.from([0xe9]),
  Buffer.from('\npayments_bad 1\n'),
]);
const HISTOGRAM =
  '# TYPE payments_h histogram\npayments_h_bucket{le="1"} 1\npayments_h_bucket{le="+Inf"} 1\npayments_h_sum 1\npayments_h_count 1\n';

/** What is in it? Team `search` owns the names `search_*`, team `payments` the names `payments_*`. */
export const BODIES: readonly ComparedRequest[] = [
  row(
    'protobuf',
    'protobuf, as the Go client sends it',
    pushProtobuf(family('payments_go')),
    accept(pushed({ job: 'settlement' }, ['payments_go'])),
  ),
  row('not-metrics', 'a page of HTML', push('<html>\n'), refuse),
  row('no-line-feed', 'the last line feed is missing', push('payments_a 1'), refuse),
  row('windows-lines', 'line ends of Windows', push('payments_a 1\r\n'), refuse),
  row('timestamp', 'a sample with a timestamp', push('payments_a 1 1700000000000\n'), refuse),
  row('push-time', 'the name `push_time_seconds`', push('push_time_seconds 1\n'), refuse),
  row('up', 'the name `up`, which Prometheus makes', push('up 1\n'), refuse),
  row(
    'type-conflict',
    'the gauge of another team as a counter, 24 times',
    CONFLICT,
    refuse,
    // Pushgateway shows one of the two samples at random.
    { sends: Array.from({ length: 24 }, () => CONFLICT) },
  ),
  row('squatting', 'a name of another team, before it comes', push('search_queue 1\n'), refuse),
  row(
    'squatting-histogram',
    'the name that the next histogram of another team needs',
    push('search_seconds_count 1\n'),
    refuse,
  ),
  row(
    'forged-job',
    'a series with `job="search_index"`',
    push('payments_a{job="search_index",instance="a"} 1\n'),
    noHarm,
  ),
  row(
    'failure-time-type',
    '`push_failure_time_seconds` as a counter',
    push('# TYPE push_failure_time_seconds counter\npush_failure_time_seconds 1\n'),
    noHarm,
  ),
  row(
    'gauge-histogram',
    'the type `gauge_histogram`',
    push('# TYPE payments_g gauge_histogram\npayments_g 1\n'),
    noHarm,
  ),
  row('help-not-utf8', 'a help text in Latin-1', push(BAD_HELP), noHarm),
  row(
    'histogram-and-le',
    'a histogram, and `le` in the path',
    push(HISTOGRAM, `${OWN}/le/x`),
    noHarm,
  ),
  row(
    'summary-and-quantile',
    'a summary, and `quantile` in the path',
    push(
      '# TYPE payments_s summary\npayments_s{quantile="0.5"} 1\npayments_s_sum 1\npayments_s_count 1\n',
      `${OWN}/quantile/x`,
    ),
    noHarm,
  ),
  row(
    'protobuf-length',
    'five bytes that announce 32 GiB',
    pushProtobuf(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f])),
    noHarm,
  ),
  row('protobuf-empty-name', 'a family without a name', pushProtobuf(family('')), noHarm),
  row(
    'protobuf-newline-name',
    'a name with a line feed',
    pushProtobuf(family('payments_a 1\nsearch_docs{job="search_index"} 0\n#')),
    noHarm,
  ),
  row(
    'protobuf-unknown-type',
    'a family of type 99',
    pushProtobuf(family('payments_a', 99)),
    noHarm,
  ),
  row(
    'protobuf-no-metrics',
    'a family without metrics',
    pushProtobuf(prefixed(delimited(1, 'payments_a'), integer(3, 1))),
    noHarm,
  ),
];
