import { z } from 'zod';
import type { ExpiryRule } from '../../core/store/expiry.ts';
import { parseDuration } from '../../core/units.ts';
import * as value from '../engine/values.ts';

const OFF = z.literal('off');

/** `group_ttl` of `defaults` and of a team. */
export const groupTtl = z
  .union(
    [
      OFF,
      value.duration,
      z.array(
        z.strictObject({
          jobs: z
            .array(value.glob)
            .min(1, 'must name at least one job')
            .optional()
            .describe('globs on the job; left out: every job'),
          ttl: value.duration.describe('since the last push, successful or failed'),
        }),
      ),
    ],
    'must be off, a duration such as 24h or 7d, or a list of { jobs, ttl }',
  )
  .describe('when a group that nobody pushes to is deleted; of a list the first match counts');

/** No rules: nothing is deleted. */
export function resolveGroupTtl(raw: z.output<typeof groupTtl>): readonly ExpiryRule[] {
  if (raw === 'off') return [];
  if (typeof raw === 'string') return [{ ttlMs: parseDuration(raw) }];
  return raw.map(({ jobs, ttl }) => ({ ...(jobs && { jobs }), ttlMs: parseDuration(ttl) }));
}
