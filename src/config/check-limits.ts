import type { Finding } from './problem.ts';
import { resolveLimits } from './resolve-limits.ts';
import type { RawConfig } from './schema.ts';

const DAY_MS = 86_400_000;

/** A timer takes no more: what it should end would end at once. */
const MAX_EARNING_MS = 24 * DAY_MS;

/** Checks that a burst is earned back in a time that can be waited for. */
export function checkLimits({ defaults, teams }: RawConfig): readonly Finding[] {
  return Object.entries(teams).flatMap(([name, team]): Finding[] => {
    const { rate, burst } = resolveLimits(defaults.limits, team.limits);
    if ((burst * rate.perMs) / rate.count <= MAX_EARNING_MS) return [];
    const message = `a burst of ${burst} needs more than 24d at this rate: make it smaller`;
    return [{ severity: 'error', path: ['teams', name, 'limits', 'burst'], message }];
  });
}
