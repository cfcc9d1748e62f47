import { pickByHash } from '../core/rendezvous.ts';
import type { KnownStore } from './known-store.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Which Pushgateway has what. */
export interface UpstreamRoutes {
  /** In the order of the configuration; at least one. */
  readonly sides: readonly UpstreamSide[];
  /** Team to the name of its upstream, which several may have. */
  readonly routes: ReadonlyMap<string, string>;
  /** Those that get no more groups, as they are to be taken out. */
  readonly leaving: ReadonlySet<KnownStore>;
}

/** A group that is on one of them, or will be. */
interface RoutedGroup {
  /** Canonical. */
  readonly id: string;
  readonly job: string;
}

/**
 * Finds the way of a team; of several the one that its job is on. Of a group that one of them has
 * already it is the way to that one: a group lives on one Pushgateway, also when its team was given
 * another one, or another one more. Of a group that several have it is the one that was pushed to
 * last.
 * @param group - left out for what is about no group
 */
export function findSide(
  { sides, routes, leaving }: UpstreamRoutes,
  team: string,
  group?: RoutedGroup,
): UpstreamSide {
  const name = routes.get(team) ?? sides[0]?.upstream;
  const first = sides.find((side) => side.upstream === name) ?? sides[0];
  if (first === undefined) throw new TypeError('a configuration has an upstream');
  if (group === undefined || sides.length === 1) return first;
  const own = pickSide(sides, leaving, first.upstream, group.job) ?? first;
  return findHolder(sides, group.id, own) ?? own;
}

/** The one of an upstream that a job is on; undefined if all of them are to be taken out. */
export function pickSide(
  sides: readonly UpstreamSide[],
  leaving: ReadonlySet<KnownStore>,
  upstream: string | undefined,
  job: string,
): UpstreamSide | undefined {
  const candidates = sides.filter((side) => {
    return side.upstream === upstream && !leaving.has(side.known);
  });
  return pickByHash(candidates, ({ known }) => known.url, job);
}

/** The one that has a group, of several the one that was pushed to last, in doubt its own. */
function findHolder(
  sides: readonly UpstreamSide[],
  group: string,
  own: UpstreamSide,
): UpstreamSide | undefined {
  let [holder, latest]: [UpstreamSide | undefined, number] = [undefined, -1];
  for (const side of sides) {
    const stored = side.known.followed.store.group(group);
    if (stored === undefined) continue;
    const { pushedAt = 0 } = stored;
    if (pushedAt > latest || (pushedAt === latest && side === own)) {
      [holder, latest] = [side, pushedAt];
    }
  }
  return holder;
}
