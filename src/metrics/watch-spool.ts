import type { MetricsRegistry } from './registry.ts';

/** What waits in a spool. */
interface Waiting {
  readonly waitingBytes: number;
  /** Milliseconds since the epoch; undefined when nothing waits. */
  oldestAt(): number | undefined;
}

/** Has each exposition tell what waits at that moment. */
export function watchSpool(
  { metrics, beforeRender }: Pick<MetricsRegistry, 'metrics' | 'beforeRender'>,
  waiting: Waiting,
): void {
  beforeRender(() => {
    metrics.pushwarden_spool_bytes.set(waiting.waitingBytes);
    metrics.pushwarden_spool_oldest_timestamp_seconds.set((waiting.oldestAt() ?? 0) / 1000);
  });
}
