import type { TeamLimits } from '../../src/core/policy/limits.ts';
import type { TeamSpec } from '../../src/core/policy/policy-spec.ts';

/** Limits that no test runs into by accident. */
export const WIDE_LIMITS: TeamLimits = {
  body: 65_536,
  decoded: 1_048_576,
  ratio: 200,
  series: 10_000,
  labels: 32,
  name: 256,
  labelValue: 1024,
  rate: { count: 1000, perMs: 1000 },
  burst: 1000,
  concurrent: 100,
  waitMs: 0,
  groups: 1000,
  totalSeries: 1_000_000,
  totalBytes: 2 ** 30,
};

/** A team that may push to job `batch`, but for what `changes` say. */
export function teamSpec(changes: Partial<TeamSpec> = {}): TeamSpec {
  return {
    name: 'payments',
    jobs: ['batch'],
    allow: ['push'],
    labels: {},
    requireLabels: [],
    metrics: { deny: [], own: [] },
    emptyPushes: 'deny',
    groupTtl: [],
    mode: 'enforce',
    limits: WIDE_LIMITS,
    credentials: [],
    ...changes,
  };
}
