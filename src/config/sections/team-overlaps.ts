import { globsOverlap } from '../../core/glob-overlap.ts';
import type { Finding } from '../engine/problem.ts';
import type { RawRules, RawTeam } from './team.ts';

type NamedTeam = readonly [name: string, team: RawTeam];

/** Finds teams that can overwrite one another's groups, or that own the same metrics. */
export function findOverlaps(teams: readonly NamedTeam[], defaults: RawRules): readonly Finding[] {
  return teams.flatMap((team, index) => {
    const earlier = teams.slice(0, index);
    return [
      ...findSharedJobs(team, earlier, defaults),
      ...earlier.flatMap((other) => findSharedMetrics(other, team, defaults)),
    ];
  });
}

/** One finding for all the teams before: where everybody may push everything they are many. */
function findSharedJobs(
  [name, team]: NamedTeam,
  earlier: readonly NamedTeam[],
  defaults: RawRules,
): readonly Finding[] {
  if (!mayChange(team, defaults)) return [];
  const shared = earlier.flatMap(([otherName, other]) => {
    const overlap = mayChange(other, defaults) ? findOverlap(other.jobs, team.jobs) : undefined;
    return overlap === undefined ? [] : [{ otherName, overlap }];
  });
  const [first, ...more] = shared;
  if (first === undefined) return [];
  const { otherName, overlap } = first;
  const [glob, index] = overlap;
  const others = more.length === 0 ? '' : ` and with jobs of ${more.length} more`;
  const message = `overlaps with jobs "${glob}" of team ${otherName}${others}: each can overwrite the other`;
  return [{ severity: 'warning', path: ['teams', name, 'jobs', index], message }];
}

function findSharedMetrics(
  [name, team]: NamedTeam,
  [otherName, other]: NamedTeam,
  defaults: RawRules,
): readonly Finding[] {
  const own = ownMetrics(team, defaults);
  const [glob, index] = findOverlap(own, ownMetrics(other, defaults)) ?? [];
  if (glob === undefined || index === undefined) return [];
  const message = `overlaps with "${glob}", which team ${name} owns`;
  return [{ severity: 'error', path: ['teams', otherName, 'metrics', 'own', index], message }];
}

function ownMetrics({ metrics }: RawTeam, defaults: RawRules): readonly string[] {
  return metrics?.own ?? defaults.metrics?.own ?? [];
}

function mayChange({ allow }: RawTeam, defaults: RawRules): boolean {
  const actions = allow ?? defaults.allow ?? ['push'];
  return actions.some((action) => action === 'push' || action === 'delete');
}

/** The first glob of `ours` that meets one of `theirs`, and the index of that one. */
function findOverlap(
  ours: readonly string[],
  theirs: readonly string[],
): readonly [glob: string, index: number] | undefined {
  for (const glob of ours) {
    const index = theirs.findIndex((other) => globsOverlap(glob, other));
    if (index !== -1) return [glob, index];
  }
  return undefined;
}
