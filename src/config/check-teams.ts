import { globsOverlap } from '../core/glob-overlap.ts';
import { parseLabelName, parseLabelValue } from '../core/target/label.ts';
import type { Finding } from './problem.ts';
import type { RawConfig, RawTeam } from './schema.ts';

/** Checks each team, and that no two teams can overwrite one another unnoticed. */
export function checkTeams(config: RawConfig): readonly Finding[] {
  const teams = Object.entries(config.teams);
  if (teams.length === 0) {
    return [{ severity: 'warning', path: ['teams'], message: 'no team: nobody may push or read' }];
  }
  return teams.flatMap(([name, team], index) => {
    const earlier = teams.slice(0, index);
    return [
      ...checkTeam(name, team),
      ...findSharedJobs([name, team], earlier, config),
      ...earlier.flatMap((other) => findSharedMetrics(other, [name, team], config)),
    ];
  });
}

type NamedTeam = readonly [name: string, team: RawTeam];

function checkTeam(name: string, team: RawTeam): readonly Finding[] {
  const path = ['teams', name];
  const findings: Finding[] = [];
  if (team.credentials.length === 0) {
    const message = 'has no credentials: nobody can be this team';
    findings.push({ severity: 'warning', path, message });
  }
  return [...findings, ...checkGlobs(path, team), ...checkLabelNames(path, team)];
}

/** A glob that no value can match is a mistake: values like it are refused before. */
function checkGlobs(path: readonly PropertyKey[], { jobs, labels }: RawTeam): readonly Finding[] {
  const lists = [['jobs'], ...Object.keys(labels).map((label) => ['labels', label])];
  return lists.flatMap((list) => {
    const globs = list[1] === undefined ? jobs : (labels[list[1]] ?? []);
    return globs.flatMap((glob, index): Finding[] => {
      const parsed = parseLabelValue(glob, 'the glob');
      if (parsed.effect === 'allow') return [];
      const message = `${parsed.detail}: nothing matches it`;
      return [{ severity: 'error', path: [...path, ...list, index], message }];
    });
  });
}

function checkLabelNames(
  path: readonly PropertyKey[],
  { labels, require_labels: required }: RawTeam,
): readonly Finding[] {
  const places = [
    ...Object.keys(labels).map((label) => [label, ['labels', label]] as const),
    ...required.map((label, index) => [label, ['require_labels', index]] as const),
  ];
  return places.flatMap(([label, place]): Finding[] => {
    const parsed = parseLabelName(label);
    if (parsed.effect === 'allow') return [];
    const message = `${parsed.detail}${label === 'job' ? ': use jobs' : ''}`;
    return [{ severity: 'error', path: [...path, ...place], message }];
  });
}

/** One finding for all the teams before: where everybody may push everything they are many. */
function findSharedJobs(
  [name, team]: NamedTeam,
  earlier: readonly NamedTeam[],
  config: RawConfig,
): readonly Finding[] {
  if (!mayChange(team, config)) return [];
  const shared = earlier.flatMap(([otherName, other]) => {
    const overlap = mayChange(other, config) ? findOverlap(other.jobs, team.jobs) : undefined;
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
  config: RawConfig,
): readonly Finding[] {
  const own = ownMetrics(team, config);
  const [glob, index] = findOverlap(own, ownMetrics(other, config)) ?? [];
  if (glob === undefined || index === undefined) return [];
  const message = `overlaps with "${glob}", which team ${name} owns`;
  return [{ severity: 'error', path: ['teams', otherName, 'metrics', 'own', index], message }];
}

function ownMetrics({ metrics }: RawTeam, { defaults }: RawConfig): readonly string[] {
  return metrics?.own ?? defaults.metrics?.own ?? [];
}

function mayChange({ allow }: RawTeam, { defaults }: RawConfig): boolean {
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
