import type { Deny } from '../decision.ts';
import type { Reason } from '../reason.ts';
import type { TeamSpec } from './policy-spec.ts';

/**
 * What a team that is only observed may be let through with. A refusal that is `firm` stays one:
 * it protects another team, or the store.
 */
export const OBSERVED_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'permission_missing',
  'job_not_allowed',
  'network_not_allowed',
  'label_not_allowed',
  'label_required',
  'metric_not_allowed',
  'rate_limited',
  'group_quota_exceeded',
  'series_quota_exceeded',
  'bytes_quota_exceeded',
]);

/** What would have been refused of one request of a team that is only observed. */
export interface Observation {
  /** In the order of the checks, one of each reason. */
  readonly wouldDeny: readonly Deny[];
  /** Whether a refusal of the team's own rules is only noted; it is, if so. */
  passes(refusal: Deny): boolean;
}

/** Begins to observe one request; of a team that enforces its rules nothing passes. */
export function createObservation(mode: TeamSpec['mode']): Observation {
  const wouldDeny: Deny[] = [];
  return {
    wouldDeny,
    passes(refusal) {
      if (mode === 'enforce' || refusal.isFirm === true) return false;
      if (!OBSERVED_REASONS.has(refusal.reason)) return false;
      const isKnown = wouldDeny.some(({ reason }) => reason === refusal.reason);
      if (!isKnown) wouldDeny.push(refusal);
      return true;
    },
  };
}
