import { z } from 'zod';
import { parseDuration } from '../../core/units.ts';
import * as value from '../engine/values.ts';

/** `failures`. */
export const failures = z
  .strictObject({
    per: value.duration.default('1m').describe('time in which they are counted'),
    limit: value.count.default(30).describe('of them, before a new hash is refused'),
  })
  .prefault({})
  .describe('wrong passwords per address and user name');

export interface FailuresConfig {
  readonly perMs: number;
  readonly limit: number;
}

/** Units converted. */
export function resolveFailures({ per, limit }: z.output<typeof failures>): FailuresConfig {
  return { perMs: parseDuration(per), limit };
}
