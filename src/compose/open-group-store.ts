import { setImmediate } from 'node:timers/promises';
import type { GroupStore } from '../core/store/group-store.ts';
import { createMemoryGroupStore } from '../core/store/memory-group-store.ts';
import type { SharedState } from '../core/store/store-state.ts';
import type { Metrics } from '../metrics/registry.ts';

/** Opens the model of what a Pushgateway holds, of which nothing is known yet. */
export function openGroupStore(metrics: Metrics, shared: SharedState): GroupStore & Disposable {
  const [first = 0, second = 0] = crypto.getRandomValues(new Uint32Array(2));
  return createMemoryGroupStore({
    shared,
    secret: [first, second],
    pause: () => setImmediate(),
    onCollision: (team) => metrics.pushwarden_hash_collisions_total.labels(team).inc(),
  });
}
