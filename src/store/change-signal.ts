import { setTimeout as delay } from 'node:timers/promises';

/** Tells all who wait that something has changed. */
interface ChangeSignal {
  note(): void;
  /** Resolves at the next change, or at the deadline, in milliseconds since the epoch. */
  wait(deadline: number): Promise<void>;
}

export function createChangeSignal(): ChangeSignal {
  let changed = Promise.withResolvers<void>();
  return {
    note() {
      changed.resolve();
      changed = Promise.withResolvers();
    },
    async wait(deadline) {
      const waitMs = Math.max(0, deadline - Date.now());
      const stop = new AbortController();
      const options = { ref: false, signal: stop.signal };
      const late = delay(waitMs, undefined, options).catch(() => undefined);
      await Promise.race([changed.promise, late]);
      stop.abort();
    },
  };
}
