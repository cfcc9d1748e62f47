import type { TeamSpec } from '../core/policy/policy-spec.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Metrics, MetricsRegistry } from './registry.ts';

/** What the teams of the configuration in use own. */
interface StoreView {
  readonly teams: readonly Pick<TeamSpec, 'name' | 'allow' | 'limits'>[];
  readonly store: Pick<GroupStore, 'totals' | 'groups'>;
}

/** How long the ages of groups are good for: to find the oldest, all are gone through. */
const OLDEST_FOR_MS = 60_000;

/**
 * The same registry, which looks when it is read at what teams own and may own. A team that only
 * reads owns nothing and has no series.
 */
export function watchStore(
  registry: MetricsRegistry,
  view: () => StoreView,
  clock: Pick<Clock, 'monotonic'>,
): MetricsRegistry {
  const { metrics } = registry;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    ...registry,
    render() {
      const seen = view();
      report(metrics, seen);
      if (clock.monotonic() - lookedAt >= OLDEST_FOR_MS) {
        lookedAt = clock.monotonic();
        reportOldest(metrics, seen);
      }
      return registry.render();
    },
  };
}

function report(metrics: Metrics, { teams, store }: StoreView): void {
  const gauges = [
    metrics.pushwarden_groups,
    metrics.pushwarden_series,
    metrics.pushwarden_bytes,
    metrics.pushwarden_quota,
  ];
  for (const gauge of gauges) gauge.reset();
  for (const { name, limits } of teams.filter(isOwner)) {
    const { groups, series, bytes } = store.totals(name);
    metrics.pushwarden_groups.labels(name).set(groups);
    metrics.pushwarden_series.labels(name).set(series);
    metrics.pushwarden_bytes.labels(name).set(bytes);
    metrics.pushwarden_quota.labels(name, 'groups').set(limits.groups);
    metrics.pushwarden_quota.labels(name, 'series').set(limits.totalSeries);
    metrics.pushwarden_quota.labels(name, 'bytes').set(limits.totalBytes);
  }
}

function reportOldest(metrics: Metrics, { store }: StoreView): void {
  const oldest = new Map<string, number>();
  for (const { owner, pushedAt } of store.groups()) {
    if (owner === undefined || pushedAt === undefined) continue;
    oldest.set(owner, Math.min(pushedAt, oldest.get(owner) ?? pushedAt));
  }
  const gauge = metrics.pushwarden_group_oldest_push_timestamp_seconds;
  gauge.reset();
  for (const [team, pushedAt] of oldest) gauge.labels(team).set(pushedAt / 1000);
}

function isOwner({ allow }: Pick<TeamSpec, 'allow'>): boolean {
  return allow.includes('push') || allow.includes('delete');
}
