/** One row says everything about a metric of the gateway itself. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Values come from closed lists and configured names only. */
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/** Every metric on the admin side's `/metrics`, beside those of the process. */
export const METRICS = {
  pushwarden_build_info: {
    type: 'gauge',
    help: 'Constant 1, by version.',
    labels: ['version'],
  },
  pushwarden_requests_total: {
    type: 'counter',
    help: 'Requests of the public side, by team (empty: unknown caller), method and status.',
    labels: ['team', 'method', 'code'],
  },
  pushwarden_refusals_total: {
    type: 'counter',
    help: 'Refused requests, by team (empty: unknown caller) and reason.',
    labels: ['team', 'reason'],
  },
  pushwarden_would_refuse_total: {
    type: 'counter',
    help: 'Requests of teams that are only observed which their rules would refuse, by reason.',
    labels: ['team', 'reason'],
  },
  pushwarden_expired_credential_uses_total: {
    type: 'counter',
    help: 'Requests refused for a credential that has expired, by team and credential.',
    labels: ['team', 'credential'],
  },
  pushwarden_expired_groups_total: {
    type: 'counter',
    help: 'Groups deleted for their age, by team; in a dry run those that were due.',
    labels: ['team'],
  },
  pushwarden_moved_groups_total: {
    type: 'counter',
    help: 'Groups that a rebalance has moved to another Pushgateway, by team.',
    labels: ['team'],
  },
  pushwarden_hash_collisions_total: {
    type: 'counter',
    help: 'Pushes refused for a series with the hash of another, by team: never by chance.',
    labels: ['team'],
  },
  pushwarden_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the head of a request to its answer, by method.',
    labels: ['method'],
    buckets: SECONDS,
  },
  pushwarden_push_body_bytes: {
    type: 'histogram',
    help: 'Size of accepted bodies after decompression.',
    labels: [],
    buckets: BYTES,
  },
  pushwarden_ready: {
    type: 'gauge',
    help: 'Whether a push could be taken, as /-/ready says it.',
    labels: [],
  },
  pushwarden_requests_in_flight: {
    type: 'gauge',
    help: 'Requests that have not been answered yet.',
    labels: [],
  },
  pushwarden_bytes_in_flight: {
    type: 'gauge',
    help: 'Bytes of bodies held in memory.',
    labels: [],
  },
  pushwarden_connections_dropped_total: {
    type: 'counter',
    help: 'Connections closed at once because there were too many.',
    labels: [],
  },
  pushwarden_tls_handshake_failures_total: {
    type: 'counter',
    help: 'Connections that ended before TLS was agreed upon.',
    labels: [],
  },
  pushwarden_tls_certificate_expires_timestamp_seconds: {
    type: 'gauge',
    help: "When the gateway's own certificate expires; absent without TLS.",
    labels: ['certificate'],
  },
  pushwarden_upstream_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of pushes and deletes at the upstream.',
    labels: ['upstream'],
    buckets: SECONDS,
  },
  pushwarden_upstream_errors_total: {
    type: 'counter',
    help: 'Pushes and deletes that failed at the upstream, by kind.',
    labels: ['upstream', 'kind'],
  },
  pushwarden_upstream_up: {
    type: 'gauge',
    help: 'Whether the last probe found the upstream ready.',
    labels: ['upstream'],
  },
  pushwarden_upstream_scrape_broken: {
    type: 'gauge',
    help: 'Whether the last look at the scrape of the upstream found an error, or families missing.',
    labels: ['upstream'],
  },
  pushwarden_periodic_work_duration_seconds: {
    type: 'histogram',
    help: 'How long what the gateway does again and again takes, by its name.',
    labels: ['work'],
    buckets: SECONDS,
  },
  pushwarden_periodic_work_failures_total: {
    type: 'counter',
    help: 'Runs of it that did not do what they are there for, by its name.',
    labels: ['work'],
  },
  pushwarden_store_readings_total: {
    type: 'counter',
    help: 'Readings of all that the upstream stores, by outcome.',
    labels: ['upstream', 'outcome'],
  },
  pushwarden_foreign_changes_total: {
    type: 'counter',
    help: 'Groups that were found changed past the gateway.',
    labels: ['upstream'],
  },
  pushwarden_config_last_reload_successful: {
    type: 'gauge',
    help: 'Whether the last attempt to load the configuration succeeded.',
    labels: [],
  },
  pushwarden_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration in use was loaded.',
    labels: [],
  },
  pushwarden_credential_expires_timestamp_seconds: {
    type: 'gauge',
    help: 'When a credential expires; absent for those that do not.',
    labels: ['team', 'credential'],
  },
  pushwarden_credential_last_used_timestamp_seconds: {
    type: 'gauge',
    help: 'When a credential was last proved; absent for those that were not since the start.',
    labels: ['team', 'credential'],
  },
  pushwarden_jwks_last_refresh_timestamp_seconds: {
    type: 'gauge',
    help: 'When the keys of an issuer were last loaded.',
    labels: ['issuer'],
  },
  pushwarden_jwks_refresh_failures_total: {
    type: 'counter',
    help: 'Attempts to load the keys of an issuer that failed.',
    labels: ['issuer'],
  },
  pushwarden_team_last_push_timestamp_seconds: {
    type: 'gauge',
    help: 'When a push of a team was last accepted; until the first one since the start, when a group that it owns was last pushed.',
    labels: ['team'],
  },
  pushwarden_groups: {
    type: 'gauge',
    help: 'Groups that a team owns.',
    labels: ['team'],
  },
  pushwarden_series: {
    type: 'gauge',
    help: 'Series of the groups that a team owns.',
    labels: ['team'],
  },
  pushwarden_bytes: {
    type: 'gauge',
    help: 'Names, labels and values of those series, in bytes.',
    labels: ['team'],
  },
  pushwarden_quota: {
    type: 'gauge',
    help: 'How much a team may own, by what is counted.',
    labels: ['team', 'quota'],
  },
  pushwarden_group_oldest_push_timestamp_seconds: {
    type: 'gauge',
    help: 'When the group of a team that was pushed longest ago was last pushed.',
    labels: ['team'],
  },
  pushwarden_spool_bytes: {
    type: 'gauge',
    help: 'What waits on disk for the upstream to come back, in bytes.',
    labels: [],
  },
  pushwarden_spool_oldest_timestamp_seconds: {
    type: 'gauge',
    help: 'When what waits there longest was pushed; 0 when nothing waits.',
    labels: [],
  },
  pushwarden_spooled_pushes_total: {
    type: 'counter',
    help: 'Pushes and deletes that were kept because the upstream was away, by team.',
    labels: ['team'],
  },
  pushwarden_spool_ends_total: {
    type: 'counter',
    help: 'How what was kept has ended: delivered, expired or rejected, by team.',
    labels: ['team', 'outcome'],
  },
  pushwarden_spool_failures_total: {
    type: 'counter',
    help: 'Writes that the disk of the spool did not take, or not in time.',
    labels: [],
  },
  pushwarden_audit_records_total: {
    type: 'counter',
    help: 'Audit records on disk, by event.',
    labels: ['event'],
  },
  pushwarden_audit_failures_total: {
    type: 'counter',
    help: 'Audit events that were not on disk in time.',
    labels: [],
  },
  pushwarden_audit_head_seq: {
    type: 'gauge',
    help: 'Sequence number of the newest durable audit record.',
    labels: [],
  },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;
