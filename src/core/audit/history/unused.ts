import { compileGlobs } from '../../matcher.ts';
import type { TeamSpec } from '../../policy/policy-spec.ts';
import { type ReportKey, renderCredential } from './usage-report.ts';

/** Lists what a configuration has and no record names: teams, credentials, patterns of jobs. */
export function listUnused(
  by: ReportKey,
  teams: readonly TeamSpec[],
  used: readonly string[],
): readonly string[] {
  const known = new Set(used);
  switch (by) {
    case 'team':
      return teams.map(({ name }) => name).filter((name) => !known.has(name));
    case 'credential':
      return teams
        .flatMap(({ name, credentials }) =>
          credentials.map((credential) => renderCredential(name, credential.name)),
        )
        .filter((name) => !known.has(name));
    case 'job':
      return [...new Set(teams.flatMap(({ jobs }) => jobs))].filter((glob) => {
        const { matches } = compileGlobs([glob]);
        return !used.some(matches);
      });
    default:
      return [];
  }
}
