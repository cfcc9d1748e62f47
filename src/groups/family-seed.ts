import type { FamilyRegistry } from '../core/exposition/families.ts';
import { readOwnFamilies, readStartTime, readStoredGroups } from './stored-families.ts';

interface FamilySeedOptions {
  /** Reads a path of the upstream; undefined for whatever is no whole 200. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  readonly families: FamilyRegistry;
}

/**
 * Creates what keeps the registry true to the store: the first time, and whenever the upstream has
 * started anew and may hold something else, what it holds is read.
 * @returns a function that looks once; whether the registry can be relied on then
 */
export function createFamilySeed({ read, families }: FamilySeedOptions): () => Promise<boolean> {
  let seededFor: string | undefined;
  return async () => {
    const status = await read('/api/v1/status');
    const startTime = status && readStartTime(status);
    // An upstream that is no Pushgateway tells nothing; its pushes are registered as they come.
    if (startTime === undefined || startTime === seededFor) return true;
    const revision = families.revision();
    const [metrics, scrape] = [await read('/api/v1/metrics'), await read('/metrics')];
    const groups = metrics && readStoredGroups(metrics);
    if (groups === undefined) return false;
    families.rebuild([...groups, readOwnFamilies(scrape ?? new Uint8Array(), groups)], revision);
    seededFor = startTime;
    return true;
  };
}
