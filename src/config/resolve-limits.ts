import type { TeamLimits } from '../core/policy/limits.ts';
import { parseRate, parseSize } from '../core/units.ts';
import type { RawLimits } from './schema.ts';

const DEFAULT_LIMITS = {
  body: '1MiB',
  decoded: '8MiB',
  ratio: 200,
  series: 10_000,
  labels: 32,
  label_value: '1KiB',
  rate: '50/s',
  burst: 100,
  concurrent: 16,
} as const satisfies RawLimits;

/** The limits of a team: its own, key by key, before those of `defaults`. */
export function resolveLimits(defaults: RawLimits = {}, own: RawLimits = {}): TeamLimits {
  const raw = { ...DEFAULT_LIMITS, ...defaults, ...own };
  const { ratio, series, labels, burst, concurrent } = raw;
  return {
    body: parseSize(raw.body),
    decoded: parseSize(raw.decoded),
    ratio,
    series,
    labels,
    labelValue: parseSize(raw.label_value),
    rate: parseRate(raw.rate),
    burst,
    concurrent,
  };
}
