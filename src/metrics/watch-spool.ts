import type { MetricsRegistry } from './registry.ts';

/** What waits in a spool. */
interface Waiting {
  readonly waitingBytes: number;
  /** Milliseconds since the epoch; undefined when nothing waits. */
  oldestAt(): number | undefined;
}

/** The same registry; each exposition tells what waits at that moment. */
export function watchSpool(registry: MetricsRegistry, waiting: Waiting): MetricsRegistry {
  const { metrics } = registry;
  return {
    ...registry,
    render() {
      metrics.pushwarden_spool_bytes.set(waiting.waitingBytes);
      metrics.pushwarden_spool_oldest_timestamp_seconds.set((waiting.oldestAt() ?? 0) / 1000);
      return registry.render();
    },
  };
}
