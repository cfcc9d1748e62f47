import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { UpstreamConfig } from '../config/sections/upstream.ts';
import type { Ownership } from '../core/store/ownership.ts';
import { createReadHandler } from '../http/handle-read.ts';
import type { Metrics } from '../metrics/registry.ts';
import { watchPeriodicWork, watchUpstream } from '../metrics/watch.ts';
import type {
  Clock,
  OperationalLog,
  ReadAnswer,
  Upstream,
  UpstreamRead,
  UpstreamRequest,
} from '../pipeline/ports.ts';
import type { OpenedSpool } from '../spool/open-spool.ts';
import { createFollowedStore } from '../store/follow-store.ts';
import type { FollowedStore } from '../store/followed-store.ts';
import { createPushgatewayClient } from '../upstream/pushgateway-client.ts';
import { createStoreReader } from '../upstream/store-reader.ts';
import { createLending } from './lending.ts';
import { openGroupStore } from './open-group-store.ts';
import { startPeriodicWork } from './periodic-work.ts';

/** Everything that talks to one upstream. */
export interface UpstreamSide {
  /** Lends the way to the upstream to one request. */
  lend(): Upstream;
  /** What is known of the store; it goes on over another way to the same Pushgateway. */
  readonly known: KnownStore;
  isReady(): boolean;
  /** Whether the last scrape of the store was broken. */
  isScrapeBroken(): boolean;
  /** Whether this side is what the configuration asks for, with the Pushgateway at `url`. */
  fits(config: UpstreamConfig, url: string): boolean;
  /** Takes back what was lent, then ends. */
  close(): Promise<void>;
}

/** What is known of the store of one Pushgateway. */
interface KnownStore {
  readonly url: string;
  readonly followed: FollowedStore;
  readonly isScrapeBroken: () => boolean;
}

export interface UpstreamSideOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Of the configuration in use. */
  readonly ownership: () => Ownership;
  /** Left out where pushes are not kept. */
  readonly spool?: OpenedSpool;
}

const STATUS_TIMEOUT_MS = 2000;
/**
 * Pushgateway takes seconds to make up a scrape of 100 000 groups, which its pushes would lack. Until
 * 10 000 groups this makes no difference.
 */
const MOST_LOOKING = 0.1;
/** A store that takes longer to read is read while the gateway serves already. */
const FIRST_READING_MS = 5000;

/**
 * Opens the way to an upstream; resolves after the first reading of its store, or when that takes
 * long, or when there is nothing to read.
 * @param before - the way that this one takes the place of
 */
export async function openUpstreamSide(
  config: UpstreamConfig,
  url: string,
  options: UpstreamSideOptions,
  before?: UpstreamSide,
): Promise<UpstreamSide> {
  const { metrics, clock, spool } = options;
  const { connections, ca } = config;
  const authorization = renderAuthorization(config);
  const client = createPushgatewayClient({
    url,
    connections,
    ...(authorization && { authorization }),
    ...(ca && { ca }),
  });
  const reader = createStoreReader({
    url,
    ...(authorization && { authorization }),
    ...(ca && { ca }),
  });
  const known = before?.known.url === url ? before.known : createKnownStore(url, options);
  const { followed } = known;
  followed.readBy({ ...reader, status: () => client.status(STATUS_TIMEOUT_MS) });
  await Promise.race([followed.probe(), delay(FIRST_READING_MS, undefined, { ref: false })]);
  const metric = watchPeriodicWork(metrics);
  const work = startPeriodicWork([
    { name: 'probe', everyMs: 5000, run: () => followed.probe(), metric },
    // As often as Prometheus scrapes, by its defaults or near them: one more reader of the store.
    {
      ...{ name: 'poll', everyMs: 15_000, mostShare: MOST_LOOKING },
      ...{ run: () => followed.poll(), metric },
    },
  ]);
  const { send } = watchUpstream(client, metrics, clock);
  const read = createReadHandler({ upstreamUrl: url, connections, authorization, ca, clock });
  const lending = createLending({
    store: followed.store,
    ...(spool && { spool }),
    whenKnown: (waitMs: number) => followed.whenKnown(waitMs),
    tidy: followed.tidy.bind(followed),
    async send(request: UpstreamRequest) {
      const outcome = await send(request);
      followed.noteOutcome(outcome);
      return outcome;
    },
    read: (what: UpstreamRead, answer: ReadAnswer) =>
      read(what, {
        ...answer,
        refuse(refusal) {
          if (refusal.reason === 'upstream_unreachable') void followed.probe();
          answer.refuse(refusal);
        },
      }),
  });
  return {
    lend: lending.lend,
    known,
    isReady: () => followed.isReady(),
    isScrapeBroken: known.isScrapeBroken,
    fits: (other, otherUrl) => otherUrl === url && isDeepStrictEqual(other, config),
    async close() {
      work[Symbol.dispose]();
      await lending.allBack();
      await Promise.all([client.close(), reader[Symbol.asyncDispose]()]);
    },
  };
}

function createKnownStore(
  url: string,
  { metrics, clock, log, ownership, spool }: UpstreamSideOptions,
): KnownStore {
  let isScrapeBroken = false;
  const observer = {
    probed: (isUp: boolean) => metrics.pushwarden_upstream_up.set(Number(isUp)),
    read: (outcome: string) => metrics.pushwarden_store_readings_total.labels(outcome).inc(),
    changedByOthers: (groups: number) => metrics.pushwarden_foreign_changes_total.inc(groups),
    scraped(isBroken: boolean) {
      isScrapeBroken = isBroken;
      metrics.pushwarden_upstream_scrape_broken.set(Number(isBroken));
    },
  };
  const store = openGroupStore(metrics);
  void store.assignOwners(ownership()); // nothing is in it yet
  const followed = createFollowedStore({
    ...{ store, clock, log, observer },
    ...(spool && {
      onReading: (reading) => spool.noteReading(reading),
      onDeleted: (id) => spool.forget(id),
    }),
  });
  return { url, followed, isScrapeBroken: () => isScrapeBroken };
}

/** @see RFC 7617 section 2 */
function renderAuthorization({ basicAuth }: UpstreamConfig): string | undefined {
  if (basicAuth === undefined) return undefined;
  const { username, password } = basicAuth;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
