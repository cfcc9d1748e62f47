import { pickByHash } from '../core/rendezvous.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Which Pushgateway has what. */
export interface UpstreamRoutes {
  /** In the order of the configuration; at least one. */
  readonly sides: readonly UpstreamSide[];
  /** Team to the name of its upstream, which several may have. */
  readonly routes: ReadonlyMap<string, string>;
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
 * another one, or another one more.
 * @param group - left out for what is about no group
 */
export function findSide(
  { sides, routes }: UpstreamRoutes,
  team: string,
  group?: RoutedGroup,
): UpstreamSide {
  const name = routes.get(team) ?? sides[0]?.upstream;
  const candidates = sides.filter((side) => side.upstream === name);
  const [first = sides[0]] = candidates;
  if (first === undefined) throw new TypeError('a configuration has an upstream');
  if (group === undefined || sides.length === 1) return first;
  const own = pickByHash(candidates, ({ known }) => known.url, group.job) ?? first;
  if (has(own, group.id)) return own;
  return sides.find((side) => has(side, group.id)) ?? own;
}

function has({ known }: UpstreamSide, group: string): boolean {
  return known.followed.store.group(group) !== undefined;
}
