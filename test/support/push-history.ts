/** A push or delete as its client saw it. */
export interface Operation {
  readonly group: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** The families that it brings, none of a delete. */
  readonly families: readonly string[];
  /** What it brings to each of them; no two operations have the same. */
  readonly value: string;
  /** On one clock for all clients. */
  readonly startedAt: number;
  readonly endedAt: number;
  /**
   * `acknowledged`: it happened between its start and its end; `refused`: it never happened;
   * `unknown`: it happened once at any time after its start, or never.
   */
  readonly end: 'acknowledged' | 'refused' | 'unknown';
}

/** What a group holds: the value of each family. */
export type GroupContents = Readonly<Record<string, string>>;

/**
 * Whether a group can hold what it holds at the end: whether there is an order of its operations, no
 * two of which change places that came one after the other, that leaves just that. A PUT or DELETE
 * takes everything away that was before.
 * @returns undefined if there is one, else what is wrong
 */
export function explainGroup(
  operations: readonly Operation[],
  held: GroupContents,
): string | undefined {
  const writers = new Map<string, Operation>();
  for (const [family, value] of Object.entries(held)) {
    const writer = operations.find((one) => one.value === value && one.families.includes(family));
    if (writer === undefined) return `nobody pushed ${family} ${value}`;
    if (writer.end === 'refused') return `${family} ${value} is of a push that was refused`;
    writers.set(family, writer);
  }
  const last = operations.filter(({ method, end }) => method !== 'POST' && end !== 'refused');
  const isExplained = [undefined, ...last].some((reset) => isPossible(operations, writers, reset));
  if (isExplained) return undefined;
  return `no order of ${operations.length} operations leaves ${JSON.stringify(held)}`;
}

/**
 * Whether there is an order in which `reset` is the last to take everything away, and `writers` are
 * the last to write what they are noted for.
 */
function isPossible(
  operations: readonly Operation[],
  writers: ReadonlyMap<string, Operation>,
  reset: Operation | undefined,
): boolean {
  // What ended unknown and left nothing may as well not have happened.
  const needed = new Set([...writers.values(), ...(reset ? [reset] : [])]);
  const happened = operations.filter((one) => one.end === 'acknowledged' || needed.has(one));
  const isLost = ({ families }: Operation): boolean => families.some((name) => !writers.has(name));
  const isBefore = (one: Operation): boolean => one.method !== 'POST' || isLost(one);
  if (reset === undefined ? happened.some(isBefore) : isLost(reset)) return false;
  const followers = (one: Operation): readonly Operation[] =>
    [
      ...(reset && isBefore(one) ? [reset] : []),
      ...(one === reset ? writers.values() : []),
      ...one.families.flatMap((name) => writers.get(name) ?? []),
    ].filter((other) => other !== one);
  const wanted = happened.map((one) => ({ one, later: followers(one) }));
  // Only these have to follow something: what is between two of them counts by its times alone.
  const pairs = [...needed].map((first) => {
    const later = wanted.flatMap((then) => {
      if (then.one === first) return then.later;
      if (!isOverBefore(first, then.one)) return [];
      return needed.has(then.one) ? [then.one, ...then.later] : then.later;
    });
    return [first, new Set(later)] as const;
  });
  return hasOrder(new Map(pairs));
}

function isOverBefore({ end, endedAt }: Operation, { startedAt }: Operation): boolean {
  return end === 'acknowledged' && endedAt < startedAt;
}

/** Whether nothing has to come behind itself. */
function hasOrder(followers: ReadonlyMap<Operation, ReadonlySet<Operation>>): boolean {
  const left = new Map(followers);
  for (;;) {
    const blocked = new Set([...left.values()].flatMap((later) => [...later]));
    const ready = [...left.keys()].filter((one) => !blocked.has(one));
    if (ready.length === 0) return left.size === 0;
    for (const one of ready) left.delete(one);
  }
}
