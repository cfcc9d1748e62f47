import type { Finding } from '../engine/problem.ts';
import { DEFAULT_ALLOW, type RawRules, type RawTeam } from './team.ts';

/** Finds teams whose permissions let them do nothing. */
export function findIdleTeams(
  teams: readonly (readonly [name: string, team: RawTeam])[],
  defaults: RawRules,
): readonly Finding[] {
  return teams.flatMap(([name, team]): readonly Finding[] => {
    const actions = team.allow ?? defaults.allow ?? DEFAULT_ALLOW;
    const metrics = team.metrics?.allow ?? defaults.metrics?.allow;
    const path = ['teams', name];
    if (actions.length === 0) {
      const message = 'is empty: the team may do nothing';
      return [{ severity: 'warning', path: [...path, 'allow'], message }];
    }
    if (!actions.includes('push') || metrics?.length !== 0) return [];
    const message = 'is empty: the team may push no metric';
    return [{ severity: 'warning', path: [...path, 'metrics', 'allow'], message }];
  });
}
