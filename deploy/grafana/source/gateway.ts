import { dashboard, graph, number, table } from './panels.ts';

const PUSHES = 'method=~"POST|PUT", team=~"$team"';

/** The operator's: is it well, who pushes, who is refused and why. */
export const gateway = dashboard({
  uid: 'pushwarden-gateway',
  title: 'pushwarden: the gateway',
  description: 'Pushes, refusals, latency, audit log, Pushgateway and process of the gateway.',
  variables: [{ name: 'team', values: 'label_values(pushwarden_refusals_total, team)' }],
  rows: [
    {
      title: 'Now',
      panels: [
        number({ title: 'Ready', queries: [{ expr: 'min(pushwarden_ready)' }] }, 0, 1),
        number(
          { title: 'Pushgateway ready', queries: [{ expr: 'min(pushwarden_upstream_up)' }] },
          0,
          1,
        ),
        number(
          { title: 'Scrape broken', queries: [{ expr: 'max(pushwarden_upstream_scrape_broken)' }] },
          1,
        ),
        number(
          {
            title: 'Last reload taken',
            queries: [{ expr: 'min(pushwarden_config_last_reload_successful)' }],
          },
          0,
          1,
        ),
        number(
          {
            title: 'Audit failures',
            queries: [{ expr: 'sum(increase(pushwarden_audit_failures_total[$__range]))' }],
          },
          1,
        ),
        number(
          {
            title: 'Version',
            queries: [
              { expr: 'count by (version) (pushwarden_build_info)', legend: '{{version}}' },
            ],
          },
          Number.MAX_SAFE_INTEGER,
        ),
      ],
    },
    {
      title: 'Pushes',
      panels: [
        graph({
          title: 'Pushes by team',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (team) (rate(pushwarden_requests_total{${PUSHES}}[$__rate_interval]))`,
              legend: '{{team}}',
            },
          ],
        }),
        graph({
          title: 'Requests by status',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (method, code) (rate(pushwarden_requests_total{team=~"$team"}[$__rate_interval]))',
              legend: '{{method}} {{code}}',
            },
          ],
        }),
        graph({
          title: 'Time of a request, median and 99 %',
          unit: 's',
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (method, le) (rate(pushwarden_request_duration_seconds_bucket[$__rate_interval])))`,
            legend: `{{method}} ${quantile * 100} %`,
          })),
        }),
        graph({
          title: 'Size of a push, median and 99 %',
          unit: 'bytes',
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pushwarden_push_body_bytes_bucket[$__rate_interval])))`,
            legend: `${quantile * 100} %`,
          })),
        }),
      ],
    },
    {
      title: 'Refusals',
      panels: [
        graph({
          title: 'Refusals by team and reason',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (team, reason) (rate(pushwarden_refusals_total{team=~"$team"}[$__rate_interval])) > 0',
              legend: '{{team}} {{reason}}',
            },
          ],
        }),
        table({
          title: 'Refusals in this time',
          queries: [
            {
              expr: 'sum by (team, reason) (increase(pushwarden_refusals_total{team=~"$team"}[$__range])) > 0',
            },
          ],
        }),
        table({
          title: 'Would be refused (observed teams)',
          queries: [
            {
              expr: 'sum by (team, reason) (increase(pushwarden_would_refuse_total{team=~"$team"}[$__range])) > 0',
            },
          ],
        }),
        graph({
          title: 'Series hashes that were taken',
          queries: [
            {
              expr: 'sum by (team) (increase(pushwarden_hash_collisions_total{team=~"$team"}[$__rate_interval]))',
              legend: '{{team}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Teams',
      panels: [
        table({
          title: 'Since the last push',
          unit: 's',
          queries: [
            {
              expr: 'sort_desc(time() - team:pushwarden_last_push_timestamp_seconds:max7d{team=~"$team"})',
            },
          ],
        }),
        table({
          title: 'Credentials, time left',
          unit: 's',
          queries: [
            {
              expr: 'sort(min by (team, credential) (pushwarden_credential_expires_timestamp_seconds{team=~"$team"}) - time())',
            },
          ],
        }),
        graph({
          title: 'Groups',
          queries: [
            { expr: 'sum by (team) (pushwarden_groups{team=~"$team"})', legend: '{{team}}' },
          ],
        }),
        graph({
          title: 'Series',
          queries: [
            { expr: 'sum by (team) (pushwarden_series{team=~"$team"})', legend: '{{team}}' },
          ],
        }),
        graph({
          title: 'Groups that expired',
          queries: [
            {
              expr: 'sum by (team) (increase(pushwarden_expired_groups_total{team=~"$team"}[$__rate_interval]))',
              legend: '{{team}}',
            },
          ],
        }),
      ],
    },
    {
      title: 'Pushgateway',
      panels: [
        graph({
          title: 'Time at Pushgateway, median and 99 %',
          unit: 's',
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (upstream, le) (rate(pushwarden_upstream_request_duration_seconds_bucket[$__rate_interval])))`,
            legend: `{{upstream}} ${quantile * 100} %`,
          })),
        }),
        graph({
          title: 'Pushes that failed there',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (upstream, kind) (rate(pushwarden_upstream_errors_total[$__rate_interval]))',
              legend: '{{upstream}} {{kind}}',
            },
          ],
        }),
        graph({
          title: 'Changes around the gateway',
          queries: [
            {
              expr: 'sum by (upstream) (increase(pushwarden_foreign_changes_total[$__rate_interval]))',
              legend: '{{upstream}}',
            },
          ],
        }),
        graph({
          title: 'Spool',
          unit: 'bytes',
          queries: [{ expr: 'sum by (instance) (pushwarden_spool_bytes)', legend: '{{instance}}' }],
        }),
      ],
    },
    {
      title: 'Audit log',
      panels: [
        graph({
          title: 'Records on disk',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (event) (rate(pushwarden_audit_records_total[$__rate_interval]))',
              legend: '{{event}}',
            },
          ],
        }),
        graph({
          title: 'Newest record',
          queries: [
            { expr: 'max by (instance) (pushwarden_audit_head_seq)', legend: '{{instance}}' },
          ],
        }),
      ],
    },
    {
      title: 'Process',
      panels: [
        graph({
          title: 'Processor',
          unit: 'percentunit',
          width: 8,
          queries: [
            {
              expr: 'rate(process_cpu_seconds_total{job="pushwarden"}[$__rate_interval])',
              legend: '{{instance}}',
            },
          ],
        }),
        graph({
          title: 'Memory',
          unit: 'bytes',
          width: 8,
          queries: [
            {
              expr: 'process_resident_memory_bytes{job="pushwarden"}',
              legend: '{{instance}} resident',
            },
            { expr: 'pushwarden_bytes_in_flight', legend: '{{instance}} bodies' },
          ],
        }),
        graph({
          title: 'Event loop, 99 % of its delays',
          unit: 's',
          width: 8,
          queries: [
            {
              expr: 'nodejs_eventloop_lag_p99_seconds{job="pushwarden"}',
              legend: '{{instance}}',
            },
          ],
        }),
        graph({
          title: 'Requests under way',
          queries: [{ expr: 'pushwarden_requests_in_flight', legend: '{{instance}}' }],
        }),
        graph({
          title: 'Open files',
          queries: [
            { expr: 'process_open_fds{job="pushwarden"}', legend: '{{instance}}' },
            { expr: 'process_max_fds{job="pushwarden"}', legend: '{{instance}} limit' },
          ],
        }),
      ],
    },
  ],
});
