import { setImmediate as nextTurn } from 'node:timers/promises';
import { globsOverlap } from '../core/glob-overlap.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import { type ReadScope, resolveReadScope } from '../core/policy/read-scope.ts';
import { labelsOf } from '../core/store/group-listing.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Current } from './current.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** How long it is good for that a Pushgateway has nothing for a team that is not to be there. */
const LOOKED_FOR_MS = 15_000;
/** Groups that are looked at before others go on. */
const SLICE = 500;

/** What is known for a team, as long as the configuration stays. */
interface Known {
  /** Names of the upstreams to which what it may see is pushed. */
  readonly pushed: ReadonlySet<string>;
  readonly looks: Map<UpstreamSide, { readonly at: number; readonly found: Promise<boolean> }>;
}

/**
 * Finds the Pushgateways that may have something of what a team may see, so that a read of its own
 * part costs the others nothing: those to which teams push whose jobs it may see, and those that hold
 * a group of such a job all the same.
 */
export function createVisibleSides(
  current: Current,
  clock: Pick<Clock, 'monotonic'>,
): (team: TeamPolicy, sides: readonly UpstreamSide[]) => Promise<readonly UpstreamSide[]> {
  const teams = new WeakMap<TeamPolicy, Known>();

  const know = (team: TeamPolicy): Known => {
    const known = teams.get(team) ?? { pushed: listPushed(current, team), looks: new Map() };
    teams.set(team, known);
    return known;
  };

  const mayHave = async (team: TeamPolicy, side: UpstreamSide): Promise<boolean> => {
    const { pushed, looks } = know(team);
    if (pushed.has(side.upstream) || !side.isReady()) return true;
    const last = looks.get(side);
    if (last !== undefined && clock.monotonic() - last.at < LOOKED_FOR_MS) return await last.found;
    const found = holdsVisible(side, resolveReadScope(team));
    looks.set(side, { at: clock.monotonic(), found });
    return await found;
  };

  return async (team, sides) => {
    const have = await Promise.all(sides.map((side) => mayHave(team, side)));
    return sides.filter((_, index) => have[index]);
  };
}

function listPushed(current: Current, { name, jobs }: TeamPolicy): ReadonlySet<string> {
  const pushers = current
    .config()
    .teams.filter(({ allow, jobs: globs }) => {
      if (!allow.includes('push')) return false;
      return globs.some((glob) => jobs.matcher.patterns.some((own) => globsOverlap(own, glob)));
    })
    .map((team) => team.name);
  return new Set([name, ...pushers].map((team) => current.sideOf(team).upstream));
}

async function holdsVisible(side: UpstreamSide, scope: ReadScope): Promise<boolean> {
  let looked = 0;
  for (const group of side.known.followed.store.groups()) {
    if (scope.sees(labelsOf(group))) return true;
    looked += 1;
    if (looked % SLICE === 0) await nextTurn();
  }
  return false;
}
