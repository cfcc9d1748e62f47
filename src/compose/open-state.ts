import type { StateConfig } from '../config/sections/state.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import type { SharedState, StoreLog } from '../pipeline/shared-state.ts';
import { createMemoryState } from '../state/memory/memory-state.ts';
import { SYSTEM_CLOCK as clock } from './clock.ts';

/** What a gateway counts and keeps, alone or together with others. */
export interface GatewayState extends SharedState, AsyncDisposable {
  /** Opens the log of a store that others share; left out for a gateway that is alone. */
  readonly storeLog?: (name: string) => StoreLog & AsyncDisposable;
}

/** Opens the state where the configuration has it: in Valkey, or in memory. */
export async function openState(
  config: StateConfig | undefined,
  log: OperationalLog,
): Promise<GatewayState> {
  if (config !== undefined) {
    // only where it is used: its client takes memory
    const { openValkeyState } = await import('../state/valkey/valkey-state.ts');
    return await openValkeyState({ ...config, log });
  }
  return { ...createMemoryState(clock), [Symbol.asyncDispose]: async () => undefined };
}
