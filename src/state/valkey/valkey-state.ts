import type { SharedState, StoreLog } from '../../pipeline/shared-state.ts';
import { createValkeyFailureThrottle } from './failure-throttle.ts';
import { createValkeySessionStore } from './session-store.ts';
import { openValkeyStoreLog } from './store-log.ts';
import { createValkeyTurnstile } from './turnstile.ts';
import { openValkey, type ValkeyOptions } from './valkey.ts';
import { createValkeyWorkLock } from './work-lock.ts';

/** What gateways share in Valkey, the model of the store included. */
export interface ValkeyState extends SharedState, AsyncDisposable {
  /** @param name - of the store: those that have it share it */
  storeLog(name: string): StoreLog & AsyncDisposable;
}

/** Connects; it is no error if there is nobody yet. */
export async function openValkeyState(options: ValkeyOptions): Promise<ValkeyState> {
  const valkey = await openValkey(options);
  const turnstile = createValkeyTurnstile(valkey);
  return {
    turnstile,
    failures: (limits) => createValkeyFailureThrottle(valkey, limits),
    sessions: createValkeySessionStore(valkey),
    janitor: createValkeyWorkLock(valkey, 'janitor'),
    // Those who write to it tell of its absence once already.
    storeLog: (name) => openValkeyStoreLog({ ...options, log: QUIET, name }),
    async [Symbol.asyncDispose]() {
      await turnstile[Symbol.asyncDispose]();
      await valkey[Symbol.asyncDispose]();
    },
  };
}

const QUIET = { info() {}, warn() {}, error() {} };
