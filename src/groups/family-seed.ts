import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { parseProtobufExposition } from '../core/exposition/protobuf/protobuf-exposition.ts';
import { type FamilyContent, SCRAPE_SCOPE } from '../core/exposition/push-content.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import { parseStoredGroups } from '../core/store/stored-groups.ts';
import { parseJson } from './json.ts';
import { parseStoreStatus } from './store-status.ts';

interface FamilySeedOptions {
  /** Reads a path of the upstream in a format; undefined for whatever is no whole 200. */
  readonly read: (path: string, accept?: string) => Promise<Uint8Array | undefined>;
  readonly store: Pick<GroupStore, 'startReading'>;
}

/**
 * Creates what keeps the registry true to the store: the first time, and whenever the upstream has
 * started anew and may hold something else, what it holds is read.
 * @returns a function that looks once; whether the registry can be relied on then
 */
export function createFamilySeed({ read, store }: FamilySeedOptions): () => Promise<boolean> {
  let seededFor: string | undefined;
  return async () => {
    const status = parseStoreStatus(parseJson(await read('/api/v1/status')));
    // An upstream that is no Pushgateway tells nothing; its pushes are registered as they come.
    if (status === undefined || status.startTime === seededFor) return true;
    using reading = store.startReading();
    const listing = parseJson(await read('/api/v1/metrics'));
    const stored = parseStoredGroups(listing, readFamilies(await readScrape(read)));
    if (stored === undefined) return false;
    await reading.finish({ ...stored, keepsNative: status.keepsNative });
    seededFor = status.startTime;
    return true;
  };
}

/** In protobuf, which alone tells native histograms. */
function readScrape(read: FamilySeedOptions['read']): Promise<Uint8Array | undefined> {
  return read('/metrics', CONTENT_TYPES.protobuf);
}

/** Nothing is known of the families of a scrape that is broken but what the API lists. */
function readFamilies(scrape: Uint8Array | undefined): readonly FamilyContent[] {
  const content = scrape && parseProtobufExposition(scrape, SCRAPE_SCOPE);
  return content?.effect === 'allow' ? content.value.families : [];
}
