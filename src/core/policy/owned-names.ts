import { compileGlobs, type Matcher } from '../matcher.ts';
import type { Steps } from '../steps.ts';

/** Which names, of metrics or jobs, are other teams'. */
export interface OwnedNames {
  /** Matches the names that are those of a team other than this one. */
  foreignTo(team: string): Pick<Matcher, 'matches'>;
}

/** What one team has to itself. */
interface Owner {
  readonly team: string;
  readonly globs: readonly string[];
}

interface OwnedGlob {
  readonly team: string;
  readonly glob: Matcher;
}

/**
 * Compiles what is whose, once for all teams. A name is held only against globs that begin as
 * it does, so that neither compiling nor matching grows with the square of the teams. A step for each
 * glob.
 */
export function* compileOwnedNames(owners: readonly Owner[]): Steps<OwnedNames> {
  const byHead = new Map<string, OwnedGlob[]>();
  for (const { team, globs } of owners) {
    for (const pattern of globs) {
      const [head = ''] = pattern.split('*', 1);
      const same = byHead.get(head);
      const owned = { team, glob: compileGlobs([pattern]) };
      if (same === undefined) byHead.set(head, [owned]);
      else same.push(owned);
      yield;
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
