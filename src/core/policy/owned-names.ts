import { compileGlobs, type Matcher } from '../matcher.ts';
import type { TeamSpec } from './policy-spec.ts';

/** Which metric names other teams own. */
export interface OwnedNames {
  /** Matches the names that a team other than this one owns. */
  foreignTo(team: string): Pick<Matcher, 'matches'>;
}

interface OwnedGlob {
  readonly team: string;
  readonly glob: Matcher;
}

/**
 * Compiles what all teams own, once for all of them. A name is held only against globs that begin as
 * it does, so that neither compiling nor matching grows with the square of the teams.
 */
export function compileOwnedNames(
  teams: readonly Pick<TeamSpec, 'name' | 'metrics'>[],
): OwnedNames {
  const byHead = new Map<string, OwnedGlob[]>();
  for (const { name: team, metrics } of teams) {
    for (const pattern of metrics.own) {
      const [head = ''] = pattern.split('*', 1);
      const same = byHead.get(head);
      const owned = { team, glob: compileGlobs([pattern]) };
      if (same === undefined) byHead.set(head, [owned]);
      else same.push(owned);
    }
  }
  const lengths = [...new Set([...byHead.keys()].map(({ length }) => length))].sort(
    (a, b) => a - b,
  );
  const isForeign = (name: string, team: string): boolean =>
    lengths.some((length) => {
      const candidates = length > name.length ? undefined : byHead.get(name.slice(0, length));
      return candidates?.some((one) => one.team !== team && one.glob.matches(name)) ?? false;
    });
  return { foreignTo: (team) => ({ matches: (name) => isForeign(name, team) }) };
}
