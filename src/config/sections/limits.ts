import { z } from 'zod';
import type { TeamLimits } from '../../core/policy/limits.ts';
import { parseDuration, parseRate, parseSize } from '../../core/units.ts';
import * as value from '../engine/values.ts';

/** `limits` of `defaults` and of a team. */
export const limits = z
  .strictObject({
    body: value.size.exactOptional().describe('bytes of a body as sent; 1MiB'),
    decoded: value.size.exactOptional().describe('bytes of a body after decompression; 8MiB'),
    ratio: value.count.exactOptional().describe('decoded bytes for each byte sent; 200'),
    series: value.count.exactOptional().describe('series in one push; 10000'),
    labels: value.count.exactOptional().describe('labels of one series; 32'),
    name: value.count.exactOptional().describe('characters of a metric or label name; 256'),
    label_value: value.size.exactOptional().describe('bytes of one label value; 1KiB'),
    rate: value.rate.exactOptional().describe('pushes and deletes, averaged; 50/s'),
    burst: value.count
      .exactOptional()
      .describe('pushes and deletes beyond the rate, in a minute; 100'),
    concurrent: value.count.exactOptional().describe('pushes and deletes at once; 32'),
    wait: value.timeout
      .exactOptional()
      .describe('for what is over rate or concurrent to wait its turn; 10s'),
    groups: value.count.exactOptional().describe('groups that the team owns; 500'),
    total_series: value.count
      .exactOptional()
      .describe('series of the team, over all its groups; 100000'),
    total_bytes: value.size
      .exactOptional()
      .describe('stored bytes of the team: names, labels and values; 64MiB'),
  })
  .describe('what a team may send');

type RawLimits = z.output<typeof limits>;

const DEFAULT_LIMITS = {
  body: '1MiB',
  decoded: '8MiB',
  ratio: 200,
  series: 10_000,
  labels: 32,
  name: 256,
  label_value: '1KiB',
  rate: '50/s',
  burst: 100,
  concurrent: 32,
  wait: '10s',
  groups: 500,
  total_series: 100_000,
  total_bytes: '64MiB',
} as const satisfies RawLimits;

/** The limits of a team: its own, key by key, before those of `defaults`. */
export function resolveLimits(defaults: RawLimits = {}, own: RawLimits = {}): TeamLimits {
  const raw = { ...DEFAULT_LIMITS, ...defaults, ...own };
  const { ratio, series, labels, name, burst, concurrent, groups } = raw;
  return {
    body: parseSize(raw.body),
    decoded: parseSize(raw.decoded),
    ratio,
    series,
    labels,
    name,
    labelValue: parseSize(raw.label_value),
    rate: parseRate(raw.rate),
    burst,
    concurrent,
    waitMs: parseDuration(raw.wait),
    groups,
    totalSeries: raw.total_series,
    totalBytes: parseSize(raw.total_bytes),
  };
}
