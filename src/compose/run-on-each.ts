import type { Current } from './current.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** How work on the store of one Pushgateway has ended. */
interface WorkEnd {
  /** Left out when all of it was done. */
  readonly endedEarly: string | undefined;
}

/** Does something on each Pushgateway in turn; one that is away ends it for none of the others. */
export async function runOnEach<End extends WorkEnd>(
  current: Pick<Current, 'upstreamSides'>,
  run: (side: UpstreamSide) => Promise<End>,
): Promise<readonly End[]> {
  const sides = current.upstreamSides();
  const ends: End[] = [];
  for (const side of sides) {
    const end = await run(side);
    const { endedEarly } = end;
    const isNamed = endedEarly !== undefined && sides.length > 1;
    ends.push(isNamed ? { ...end, endedEarly: `${side.name}: ${endedEarly}` } : end);
  }
  return ends;
}

/** The sums of what was counted, and why any of it ended early. */
export function sumUp<Name extends string>(
  ends: readonly (WorkEnd & Readonly<Record<Name, number>>)[],
  names: readonly Name[],
): Readonly<Record<Name, number>> & WorkEnd {
  const sums = names.map((name) => [name, ends.reduce((sum, end) => sum + end[name], 0)]);
  const reasons = ends.flatMap(({ endedEarly }) => endedEarly ?? []);
  return {
    ...(Object.fromEntries(sums) as Record<Name, number>), // each of the names
    endedEarly: reasons.length > 0 ? reasons.join('; ') : undefined,
  };
}
