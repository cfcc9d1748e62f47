import type { UpstreamSide } from './upstream-side.ts';

/** Which Pushgateway has what. */
export interface UpstreamRoutes {
  /** In the order of the configuration; at least one. */
  readonly sides: readonly UpstreamSide[];
  /** Team to the name of its upstream. */
  readonly routes: ReadonlyMap<string, string>;
}

/**
 * Finds the way of a team; of a group that one of them has already, the way to that one: a group
 * lives on one Pushgateway, also when its team was given another one.
 * @param group - canonical; left out for what is about no group
 */
export function findSide(
  { sides, routes }: UpstreamRoutes,
  team: string,
  group?: string,
): UpstreamSide {
  const name = routes.get(team);
  const own = sides.find((side) => side.name === name) ?? sides[0];
  if (own === undefined) throw new TypeError('a configuration has an upstream');
  if (group === undefined || sides.length === 1 || has(own, group)) return own;
  return sides.find((side) => has(side, group)) ?? own;
}

function has({ known }: UpstreamSide, group: string): boolean {
  return known.followed.store.group(group) !== undefined;
}
