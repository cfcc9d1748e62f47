import { setImmediate } from 'node:timers/promises';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import type { StoreView as JoinedView } from '../core/store/joined-stores.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Metrics, MetricsRegistry } from './registry.ts';

/** What the teams of the configuration in use own. */
interface StoreView {
  readonly teams: readonly Pick<TeamSpec, 'name' | 'allow' | 'limits'>[];
  readonly store: Pick<JoinedView, 'totals' | 'groups'>;
}

/** How long the ages of groups are good for: to find the oldest, all are gone through. */
const OLDEST_FOR_MS = 60_000;

/**
 * Has each exposition tell what teams own and may own. A team that only reads owns nothing and has
 * no series. What was pushed before the start counts as a team's last push until it pushes again.
 */
export function watchStore(
  { metrics, beforeRender }: Pick<MetricsRegistry, 'metrics' | 'beforeRender'>,
  view: () => StoreView,
  clock: Pick<Clock, 'monotonic'>,
): void {
  let lookedAt = Number.NEGATIVE_INFINITY;
  beforeRender(async () => {
    const seen = view();
    report(metrics, seen);
    if (clock.monotonic() - lookedAt < OLDEST_FOR_MS) return;
    const times = await pushTimes(seen);
    // a store without groups may be one that was not read yet, and costs nothing to look at
    if (times.size > 0) lookedAt = clock.monotonic();
    reportOldest(metrics, times);
    await beginLastPush(metrics, times);
  });
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

/** When groups of a team were pushed, in milliseconds since the epoch. */
interface PushTimes {
  oldest: number;
  /** Of what was stored before the start, or past the gateway. */
  newestUnseen: number | undefined;
}

/** Groups that are looked at before others go on. */
const SLICE = 1000;

async function pushTimes({ store }: StoreView): Promise<ReadonlyMap<string, PushTimes>> {
  const times = new Map<string, PushTimes>();
  let looked = 0;
  for (const { owner, pushedAt, credential } of store.groups()) {
    looked += 1;
    if (looked % SLICE === 0) await setImmediate();
    if (owner === undefined || pushedAt === undefined) continue;
    let known = times.get(owner);
    if (known === undefined) {
      known = { oldest: pushedAt, newestUnseen: undefined };
      times.set(owner, known);
    }
    known.oldest = Math.min(pushedAt, known.oldest);
    if (credential !== undefined) continue;
    known.newestUnseen = Math.max(pushedAt, known.newestUnseen ?? pushedAt);
  }
  return times;
}

function reportOldest(metrics: Metrics, times: ReadonlyMap<string, PushTimes>): void {
  const gauge = metrics.pushwarden_group_oldest_push_timestamp_seconds;
  gauge.reset();
  for (const [team, { oldest }] of times) gauge.labels(team).set(oldest / 1000);
}

/** A restart must not look like a team that never pushed: alerts look at this one. */
async function beginLastPush(
  metrics: Metrics,
  times: ReadonlyMap<string, PushTimes>,
): Promise<void> {
  const gauge = metrics.pushwarden_team_last_push_timestamp_seconds;
  const { values } = await gauge.get();
  const known = new Set(values.map(({ labels }) => labels['team']));
  for (const [team, { newestUnseen }] of times) {
    if (newestUnseen === undefined || known.has(team)) continue;
    gauge.labels(team).set(newestUnseen / 1000);
  }
}

function isOwner({ allow }: Pick<TeamSpec, 'allow'>): boolean {
  return allow.includes('push') || allow.includes('delete');
}
