import { z } from 'zod';
import type { Rate } from '../../core/policy/limits.ts';
import { parseDuration, parseRate } from '../../core/units.ts';
import * as value from '../engine/values.ts';

/** `janitor`: deletes groups that nobody pushes to any more. */
export const janitor = z
  .strictObject({
    every: value.timeout.default('1m').describe('from the end of one run to the next'),
    rate: value.rate.default('20/s').describe('groups that are deleted, at most'),
    dry_run: z.boolean().default(false).describe('only logs and counts what is due'),
  })
  .prefault({})
  .describe('deletes groups that are older than the group_ttl of their team');

/** How groups are deleted for their age. */
export interface JanitorConfig {
  readonly everyMs: number;
  readonly rate: Rate;
  readonly isDryRun: boolean;
}

export function resolveJanitor(raw: z.output<typeof janitor>): JanitorConfig {
  const { every, rate, dry_run: isDryRun } = raw;
  return { everyMs: parseDuration(every), rate: parseRate(rate), isDryRun };
}
