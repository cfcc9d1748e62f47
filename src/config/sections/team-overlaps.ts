import { findGlobOverlaps, type GlobOverlap, type PlacedGlob } from '../../core/glob-overlaps.ts';
import type { Finding } from '../engine/problem.ts';
import type { RawRules, RawTeam } from './team.ts';

type NamedTeam = readonly [name: string, team: RawTeam];

/** Finds teams that can overwrite one another's groups, or that own the same metrics. */
export function findOverlaps(
  teams: readonly NamedTeam[],
  defaults: RawRules,
  firstUpstream?: string,
): readonly Finding[] {
  const nameOf = (owner: number): string => teams[owner]?.[0] ?? '';
  const jobs = placeGlobs(teams, (team) =>
    may(team, defaults, ['push', 'delete']) ? team.jobs : [],
  );
  const owned = placeGlobs(teams, (team) => ownMetrics(team, defaults));
  const upstreamOf = (owner: number) => teams[owner]?.[1].upstream ?? firstUpstream;
  const isApart = ({ earlier, later }: GlobOverlap): boolean =>
    upstreamOf(earlier.owner) !== upstreamOf(later.owner);
  const isSplit = new Set(teams.map((_, owner) => upstreamOf(owner))).size > 1;
  const pushed = (team: RawTeam) => (may(team, defaults, ['push']) ? team.jobs : []);
  const apart = isSplit
    ? [...findGlobOverlaps(placeGlobs(teams, pushed)).values()].flat().filter(isApart)
    : [];
  return [
    ...apart.map((found) => refuseApart(found, nameOf)),
    ...[...findGlobOverlaps(jobs).values()].flatMap((found) => warnOfJobs(found, nameOf)),
    ...[...findGlobOverlaps(owned).values()].flat().map((found) => refuseMetrics(found, nameOf)),
  ];
}

function placeGlobs(
  teams: readonly NamedTeam[],
  listGlobs: (team: RawTeam) => readonly string[],
): readonly PlacedGlob[] {
  return teams.flatMap(([, team], owner) =>
    listGlobs(team).map((glob, index) => ({ owner, index, glob })),
  );
}

/** One finding for all the teams before: where everybody may push everything they are many. */
function warnOfJobs(
  [first, ...more]: readonly GlobOverlap[],
  nameOf: (owner: number) => string,
): readonly Finding[] {
  if (first === undefined) return [];
  const { earlier, later } = first;
  const others = more.length === 0 ? '' : ` and with jobs of ${more.length} more`;
  const message = `overlaps with jobs "${earlier.glob}" of team ${nameOf(earlier.owner)}${others}: each can overwrite or delete groups of the other, and their groups count for the quota of the first`;
  const path = ['teams', nameOf(later.owner), 'jobs', later.index];
  return [{ severity: 'warning', path, message }];
}

function refuseApart({ earlier, later }: GlobOverlap, nameOf: (owner: number) => string): Finding {
  const other = nameOf(earlier.owner);
  const message = `overlaps with jobs "${earlier.glob}" of team ${other}, which has another upstream, and a group lives on one Pushgateway: give both teams the same upstream, or tell their jobs apart`;
  const path = ['teams', nameOf(later.owner), 'jobs', later.index];
  return { severity: 'error', path, message };
}

function refuseMetrics(
  { earlier, later }: GlobOverlap,
  nameOf: (owner: number) => string,
): Finding {
  const message = `overlaps with "${earlier.glob}", which team ${nameOf(earlier.owner)} owns`;
  const path = ['teams', nameOf(later.owner), 'metrics', 'own', later.index];
  return { severity: 'error', path, message };
}

function ownMetrics({ metrics }: RawTeam, defaults: RawRules): readonly string[] {
  return metrics?.own ?? defaults.metrics?.own ?? [];
}

function may({ allow }: RawTeam, defaults: RawRules, actions: readonly string[]): boolean {
  return (allow ?? defaults.allow ?? ['push']).some((action) => actions.includes(action));
}
