import type { Finding } from './problem.ts';
import type { RawConfig, RawTeam } from './schema.ts';

/** Something that the schema knows and the gateway does not do. */
interface Unsupported {
  readonly path: readonly PropertyKey[];
  readonly isAsked: boolean;
}

/**
 * Refuses every key that has a meaning in the configuration but no code behind it: ignoring it
 * would promise what does not happen. Writing the default is fine.
 */
export function findUnsupported(config: RawConfig): readonly Finding[] {
  const teams = Object.entries(config.teams);
  const asked = [
    { path: ['upstream', 'consistency'], isAsked: config.upstream.consistency !== 'upstream' },
    { path: ['anonymous'], isAsked: config.anonymous !== 'none' },
    { path: ['janitor'], isAsked: config.janitor !== undefined },
    { path: ['spool'], isAsked: config.spool !== undefined },
    ...listRules(['defaults'], config.defaults),
    ...teams.flatMap(([name, team]) => listTeam(name, team)),
  ];
  return asked
    .filter(({ isAsked }) => isAsked)
    .map(({ path }) => ({ severity: 'error', path, message: 'not supported yet' }));
}

function listTeam(name: string, team: RawTeam): readonly Unsupported[] {
  const path = ['teams', name];
  return [
    ...listRules(path, team),
    { path: [...path, 'mode'], isAsked: team.mode !== 'enforce' },
    { path: [...path, 'upstream'], isAsked: team.upstream !== undefined },
  ];
}

function listRules(
  path: readonly PropertyKey[],
  rules: Pick<RawTeam, 'limits' | 'group_ttl'>,
): readonly Unsupported[] {
  const { limits, group_ttl: groupTtl } = rules;
  return [
    { path: [...path, 'limits', 'groups'], isAsked: limits?.groups !== undefined },
    { path: [...path, 'limits', 'total_series'], isAsked: limits?.total_series !== undefined },
    { path: [...path, 'group_ttl'], isAsked: (groupTtl ?? 'off') !== 'off' },
  ];
}
