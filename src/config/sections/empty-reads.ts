import { globsOverlap } from '../../core/glob-overlap.ts';
import type { Finding } from '../engine/problem.ts';
import type { RawRules, RawTeam } from './team.ts';

type NamedTeam = readonly [name: string, team: RawTeam];

/** Finds teams that may read, and whose jobs nobody may push: what they read is always empty. */
export function findEmptyReads(
  teams: readonly NamedTeam[],
  defaults: RawRules,
): readonly Finding[] {
  const may = ({ allow }: RawTeam, action: 'push' | 'read'): boolean =>
    (allow ?? defaults.allow ?? ['push', 'read']).includes(action);
  const readers = teams.filter(([, team]) => may(team, 'read') && !may(team, 'push'));
  if (readers.length === 0) return [];
  const pushed = new Set(teams.flatMap(([, team]) => (may(team, 'push') ? team.jobs : [])));
  const isPushed = (job: string): boolean => [...pushed].some((glob) => globsOverlap(glob, job));
  return readers.flatMap(([name, { jobs }]) => {
    if (jobs.some((job) => job === '*' || isPushed(job))) return [];
    const message = 'no team may push to these jobs: what this team reads is empty';
    return [{ severity: 'warning' as const, path: ['teams', name, 'jobs'], message }];
  });
}
