import { z } from 'zod';
import type { TeamSpec } from '../../core/policy/policy-spec.ts';
import * as value from '../engine/values.ts';

const metricGlob = value.matching(
  /^[a-zA-Z0-9_:*]+$/,
  'must be a metric name: A-Z a-z 0-9 _ : and * for any run',
);

/** `metrics` of `defaults` and of a team. */
export const metrics = z
  .strictObject({
    allow: z.array(metricGlob).optional().describe('families the team may push; all'),
    deny: z.array(metricGlob).optional().describe('families nobody may push; wins over allow'),
    own: z.array(metricGlob).optional().describe('families no other team may push'),
  })
  .describe('globs on metric families');

export type RawMetrics = z.output<typeof metrics>;

/** What no team may push unless `metrics.deny` says otherwise: what Prometheus makes itself. */
export const DEFAULT_DENY = ['up', 'scrape_*', 'ALERTS*'];

/** The families of a team: its own rules, key by key, before those of `defaults`. */
export function resolveMetrics(
  defaults: RawMetrics = {},
  own: RawMetrics = {},
): TeamSpec['metrics'] {
  const { allow, deny = DEFAULT_DENY, own: owned = [] } = { ...defaults, ...own };
  return { ...(allow && { allow }), deny, own: owned };
}
