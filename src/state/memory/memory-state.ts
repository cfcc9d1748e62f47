import type { Clock } from '../../pipeline/ports.ts';
import type { SharedState } from '../../pipeline/shared-state.ts';
import { createFailureThrottle } from './failure-throttle.ts';
import { createMemorySessionStore } from './session-store.ts';
import { createMemoryTurnstile } from './turnstile.ts';
import { createMemoryWorkLock } from './work-lock.ts';

/** The state of a gateway that is alone: it ends with the process. */
export function createMemoryState(clock: Pick<Clock, 'monotonic'>): SharedState {
  return {
    turnstile: createMemoryTurnstile(clock),
    failures: createFailureThrottle,
    sessions: createMemorySessionStore(),
    janitor: createMemoryWorkLock(),
  };
}
