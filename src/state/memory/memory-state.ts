import type { SharedState } from '../../pipeline/shared-state.ts';
import { createFailureThrottle } from './failure-throttle.ts';
import { createMemorySessionStore } from './session-store.ts';
import { createMemoryTurnstile } from './turnstile.ts';
import { createMemoryWorkLock } from './work-lock.ts';

/** The state of a gateway that is alone: it ends with the process. */
export function createMemoryState(): SharedState {
  return {
    turnstile: createMemoryTurnstile(),
    failures: createFailureThrottle,
    sessions: createMemorySessionStore(),
    janitor: createMemoryWorkLock(),
  };
}
