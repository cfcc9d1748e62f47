import type { StoreReader } from '../../src/pipeline/ports/store-reader.ts';
import { createFollowedStore } from '../../src/store/follow-store.ts';
import type { FollowedStore } from '../../src/store/followed-store.ts';
import { createPushgatewayClient } from '../../src/upstream/pushgateway-client.ts';
import { createStoreReader } from '../../src/upstream/store-reader.ts';
import { createStore } from './group-push.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields?: object;
}

/** A followed store in front of a real upstream, and all that it told. */
interface TestFollowedStore extends AsyncDisposable {
  readonly followed: FollowedStore;
  readonly reader: StoreReader;
  readonly clock: ManualClock;
  readonly lines: readonly Line[];
  readonly scrapes: readonly boolean[];
  readonly readings: readonly string[];
  /** Groups that others changed, a number for each reading that found any. */
  readonly foreign: readonly number[];
  probe(): Promise<boolean>;
  poll(): Promise<boolean>;
}

/**
 * Follows the store of a Pushgateway; nothing is read until `probe`.
 * @param running - the clock goes on by itself; one that stands still cannot be compared with the
 * upstream's, which then shows none
 */
export async function followPushgateway(
  url: string,
  { running }: { readonly running?: ManualClock } = {},
): Promise<TestFollowedStore> {
  const client = createPushgatewayClient({ url, connections: 1 });
  const threaded = createStoreReader({ url });
  const status = async () => {
    const found = await client.status(5000);
    return running === undefined && typeof found === 'object'
      ? { ...found, date: undefined }
      : found;
  };
  const reader = { ...threaded, status };
  const lines: Line[] = [];
  const scrapes: boolean[] = [];
  const readings: string[] = [];
  const foreign: number[] = [];
  const log = (level: string) => (message: string, fields?: object) =>
    void lines.push({ level, message, ...(fields && { fields }) });
  const clock = running ?? manualClock(Date.now());
  const followed = createFollowedStore({
    store: createStore(),
    clock,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    observer: {
      probed: () => undefined,
      read: (outcome) => readings.push(outcome),
      changedByOthers: (groups) => foreign.push(groups),
      scraped: (isBroken) => scrapes.push(isBroken),
      collided: () => undefined,
    },
  });
  followed.readBy(reader);
  return {
    followed,
    reader,
    clock,
    lines,
    scrapes,
    readings,
    foreign,
    probe: () => followed.probe(),
    poll: () => followed.poll(),
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close(), threaded[Symbol.asyncDispose]()]);
    },
  };
}
