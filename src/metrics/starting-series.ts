import { OBSERVED_REASONS } from '../core/policy/observation.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import type { Reason } from '../core/reason.ts';
import type { Steps } from '../core/steps.ts';
import type { Metrics } from './registry.ts';

/** What a team itself can bring about, and change. */
const TEAM_REASONS = [
  'credential_expired',
  'network_not_allowed',
  'cross_site',
  'endpoint_not_found',
  'method_not_allowed',
  'target_invalid',
  'permission_missing',
  'job_not_allowed',
  'label_not_allowed',
  'label_required',
  'body_too_large',
  'decoded_too_large',
  'too_many_series',
  'encoding_not_supported',
  'body_invalid',
  'metric_not_allowed',
  'inconsistent',
  'group_quota_exceeded',
  'series_quota_exceeded',
  'bytes_quota_exceeded',
  'rate_limited',
  'too_many_concurrent',
  'upstream_rejected',
] as const satisfies readonly Reason[];

/** What a caller can bring about who is nobody yet. */
const UNKNOWN_CALLER_REASONS = [
  'credential_missing',
  'credential_invalid',
  'too_many_failures',
  'network_not_allowed',
] as const satisfies readonly Reason[];

/** Kinds of `pushwarden_upstream_errors_total`. */
export const UPSTREAM_ERRORS = [
  'upstream_unreachable',
  'upstream_invalid',
  'upstream_timeout',
  'upstream_rejected',
] as const satisfies readonly Reason[];

const UNKNOWN_CALLER = '';

type ObservableTeam = Pick<TeamSpec, 'name' | 'mode' | 'groupTtl'>;

/**
 * Begins the counters that alerts look at with zero: `increase` does not see the first event of a
 * series that is born with it. What has been counted stays. A step for each team.
 *
 * @see https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
 */
export function* beginSeries(
  metrics: Metrics,
  teams: readonly ObservableTeam[],
  upstreams: readonly { readonly name: string }[],
): Steps<void> {
  const refusals = metrics.pushwarden_refusals_total;
  const wouldRefuse = metrics.pushwarden_would_refuse_total;
  for (const { name: team, mode, groupTtl } of teams) {
    if (groupTtl.length > 0) metrics.pushwarden_expired_groups_total.labels(team).inc(0);
    if (mode === 'observe') {
      for (const reason of OBSERVED_REASONS) wouldRefuse.labels(team, reason).inc(0);
    }
    for (const reason of TEAM_REASONS) refusals.labels(team, reason).inc(0);
    metrics.pushwarden_hash_collisions_total.labels(team).inc(0);
    yield;
  }
  for (const reason of UNKNOWN_CALLER_REASONS) refusals.labels(UNKNOWN_CALLER, reason).inc(0);
  for (const { name } of upstreams) {
    metrics.pushwarden_foreign_changes_total.labels(name).inc(0);
    const errors = metrics.pushwarden_upstream_errors_total;
    for (const kind of UPSTREAM_ERRORS) errors.labels(name, kind).inc(0);
  }
}
