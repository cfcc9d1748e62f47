import { setImmediate } from 'node:timers/promises';
import type { GroupStore } from '../core/store/group-store.ts';
import { createMemoryGroupStore } from '../core/store/memory-group-store.ts';
import type { SharedState } from '../core/store/store-state.ts';
import { openSharedGroupStore } from '../store/shared-group-store.ts';
import type { SharedGroupStore } from '../store/shared-store.ts';
import type { GatewayState } from './open-state.ts';

/** The model of what a Pushgateway holds. */
interface OpenedGroupStore {
  readonly store: GroupStore;
  /** The same, where other gateways share it. */
  readonly others?: SharedGroupStore;
  readonly close: () => Promise<void>;
}

interface GroupStoreOptions {
  /** What the models of all Pushgateways have together. */
  readonly shared: SharedState;
  readonly state: Pick<GatewayState, 'storeLog'>;
}

/**
 * Opens the model of what a Pushgateway holds, of which nothing is known yet.
 * @param url - gateways that share their state and name it alike have one model
 */
export function openGroupStore(
  url: string,
  { shared, state: { storeLog } }: GroupStoreOptions,
): OpenedGroupStore {
  if (storeLog === undefined) {
    const store = createModel(shared);
    return { store, close: async () => store[Symbol.dispose]() };
  }
  const log = storeLog(url);
  const others = openSharedGroupStore({ log, createModel: () => createModel() });
  const close = async (): Promise<void> => {
    await others[Symbol.asyncDispose]();
    await log[Symbol.asyncDispose]();
  };
  return { store: others, others, close };
}

function createModel(shared?: SharedState): GroupStore & Disposable {
  const [first = 0, second = 0] = crypto.getRandomValues(new Uint32Array(2));
  return createMemoryGroupStore({
    ...(shared && { shared }),
    secret: [first, second],
    pause: () => setImmediate(),
  });
}
