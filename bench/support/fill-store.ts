import type { Scratch } from '../../test/support/scratch.ts';
import { push } from './wrk.ts';

/** What a store is filled with. */
interface Filling {
  /** The number of the group comes behind it. */
  readonly path: string;
  readonly body: string;
  readonly groups: number;
}

const CONNECTIONS = 16;

/** Fills an unchecked Pushgateway; resolves when it has all of the groups. */
export async function fillStore(
  url: string,
  { path, body, groups }: Filling,
  scratch: Pick<Scratch, 'write'>,
): Promise<void> {
  const load = { url: url + path, authorization: undefined, body, connections: CONNECTIONS };
  for (let seconds = 1; (await countGroups(url)) < groups; seconds *= 2) {
    await push({ ...load, groups, seconds }, (lua) => scratch.write('fill.lua', lua));
  }
}

async function countGroups(url: string): Promise<number> {
  const scrape = await (await fetch(`${url}/metrics`)).text();
  return scrape.match(/^push_time_seconds\{/gm)?.length ?? 0;
}
