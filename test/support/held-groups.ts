import { explainGroup, type GroupContents, type Operation } from './push-history.ts';
import type { Pushgateway } from './pushgateway.ts';

/** What Pushgateway holds of the groups of a torment, by their job. */
export type HeldGroups = ReadonlyMap<string, GroupContents>;

const SERIES = /^(m\d)\{instance="",job="([^"]+)"\} (\d+)$/gm;

/** Reads them out of a scrape: families `m0` to `m9` with one series each. */
export async function readHeldGroups(
  pushgateway: Pick<Pushgateway, 'scrape'>,
): Promise<HeldGroups> {
  const { body } = await pushgateway.scrape();
  const store = new Map<string, GroupContents>();
  for (const [, family = '', group = '', value = ''] of body.matchAll(SERIES)) {
    store.set(group, { ...store.get(group), [family]: value });
  }
  return store;
}

/** One for each group that holds what no order of its operations leaves, with the last of them. */
export function listUnexplained(
  operations: readonly Operation[],
  store: HeldGroups,
): readonly string[] {
  const groups = new Set([...store.keys(), ...operations.map(({ group }) => group)]);
  return [...groups].flatMap((group) => {
    const own = operations.filter((one) => one.group === group);
    const wrong = explainGroup(own, store.get(group) ?? {});
    if (wrong === undefined) return [];
    const lastOnes = own.toSorted((a, b) => a.startedAt - b.startedAt).slice(-12);
    return [[`${group}: ${wrong}; the last ones:`, ...lastOnes.map(show)].join('\n')];
  });
}

function show({ method, families, value, startedAt, endedAt, end }: Operation): string {
  const [from, to] = [startedAt, endedAt].map((at) => at.toFixed(0));
  return `  ${method} ${families.join()} ${value} from ${from} to ${to} ms: ${end}`;
}
