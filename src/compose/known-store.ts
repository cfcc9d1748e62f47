import type { NamedUpstream } from '../config/sections/upstreams.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { Ownership } from '../core/store/ownership.ts';
import type { SharedState } from '../core/store/store-state.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { OpenedSpool } from '../spool/open-spool.ts';
import { createFollowedStore } from '../store/follow-store.ts';
import type { FollowedStore } from '../store/followed-store.ts';
import { openGroupStore } from './open-group-store.ts';
import type { GatewayState } from './open-state.ts';

/** What is known of the store of one Pushgateway. */
export interface KnownStore {
  readonly url: string;
  readonly followed: FollowedStore;
  /** What `followed` keeps true. */
  readonly model: GroupStore;
  readonly isScrapeBroken: () => boolean;
  /** Whether what was claimed of it counts: else nothing may be sent. */
  readonly isMember: () => boolean;
  /** Whether something can be expected to be claimed of it now. */
  readonly takesClaims: () => boolean;
  /** Ends it: types and quotas are free of what it knew. */
  readonly close: () => Promise<void>;
}

export interface KnownStoreOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Of the configuration in use. */
  readonly ownership: () => Ownership;
  /** What the models of all have together. */
  readonly shared: SharedState;
  readonly state: Pick<GatewayState, 'storeLog'>;
  /** Left out where pushes are not kept. */
  readonly spool?: OpenedSpool;
}

/**
 * Begins to know the store of the Pushgateway at `url`; nothing is in it yet.
 * @param isLater - whether it takes the place of another one: until then nothing of it counts for
 * quotas
 */
export function createKnownStore(
  { name, place }: NamedUpstream,
  url: string,
  options: KnownStoreOptions,
  isLater: boolean,
): KnownStore {
  const { metrics, clock, log: wholeLog, ownership, spool } = options;
  const log = place === 'upstream' ? wholeLog : nameIn(wholeLog, name);
  let isScrapeBroken = false;
  const observer = {
    probed: (isUp: boolean) => metrics.pushwarden_upstream_up.labels(name).set(Number(isUp)),
    read: (outcome: string) => metrics.pushwarden_store_readings_total.labels(name, outcome).inc(),
    changedByOthers: (groups: number) =>
      metrics.pushwarden_foreign_changes_total.labels(name).inc(groups),
    scraped(isBroken: boolean) {
      isScrapeBroken = isBroken;
      metrics.pushwarden_upstream_scrape_broken.labels(name).set(Number(isBroken));
    },
    collided: (team: string) => metrics.pushwarden_hash_collisions_total.labels(team).inc(),
  };
  const { store, others, close } = openGroupStore(url, options);
  if (!isLater) void store.assignOwners(ownership());
  const followed = createFollowedStore({
    ...{ store, clock, log, observer },
    ...(others && { others }),
    ...(spool && {
      onReading: (reading) => spool.noteReading(reading),
      onDeleted: (id) => spool.forget(id),
    }),
  });
  return {
    ...{ url, followed, model: store, close },
    isScrapeBroken: () => isScrapeBroken,
    isMember: () => others?.isMember() ?? true,
    takesClaims: () => others?.takesClaims() ?? true,
  };
}

/** The same log, which says of which upstream it speaks. */
function nameIn(log: OperationalLog, upstream: string): OperationalLog {
  return {
    info: (message, fields) => log.info(message, { upstream, ...fields }),
    warn: (message, fields) => log.warn(message, { upstream, ...fields }),
    error: (message, fields) => log.error(message, { upstream, ...fields }),
  };
}
