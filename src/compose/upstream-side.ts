import { isDeepStrictEqual } from 'node:util';
import type { UpstreamConfig } from '../config/sections/upstream.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { Ownership } from '../core/store/ownership.ts';
import { createFamilySeed } from '../groups/family-seed.ts';
import { createScrapeWatch } from '../groups/scrape-watch.ts';
import { createReadHandler } from '../http/handle-read.ts';
import type { Metrics } from '../metrics/registry.ts';
import { watchUpstream } from '../metrics/watch.ts';
import type { Clock, OperationalLog, Upstream } from '../pipeline/ports.ts';
import { createPushgatewayClient } from '../upstream/pushgateway-client.ts';
import { watchReadiness } from '../upstream/readiness.ts';
import { repeat } from '../upstream/repeat.ts';
import { createLending } from './lending.ts';
import { openGroupStore } from './open-group-store.ts';

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
  readonly store: GroupStore;
  readonly seed: () => Promise<boolean>;
  /** Has the store read on another way from now on. */
  readonly readBy: (read: Read) => void;
}

type Read = (path: string, accept?: string) => Promise<Uint8Array | undefined>;

export interface UpstreamSideOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Of the configuration in use. */
  readonly ownership: () => Ownership;
}

const PROBE_INTERVAL_MS = 5000;
const PROBE_TIMEOUT_MS = 2000;
/** The whole store. */
const LISTING_TIMEOUT_MS = 10_000;
/** As often as Prometheus scrapes, by its defaults or near them: one more reader of the store. */
const SCRAPE_INTERVAL_MS = 15_000;

/**
 * Opens the way to an upstream; resolves after the first look at it, whatever that saw.
 * @param before - the way that this one takes the place of
 */
export async function openUpstreamSide(
  config: UpstreamConfig,
  url: string,
  { metrics, clock, log, ownership }: UpstreamSideOptions,
  before?: UpstreamSide,
): Promise<UpstreamSide> {
  const { connections, ca } = config;
  const authorization = renderAuthorization(config);
  const client = createPushgatewayClient({
    url,
    connections,
    ...(authorization && { authorization }),
    ...(ca && { ca }),
  });
  const known =
    before?.known.url === url ? before.known : createKnownStore(url, metrics, ownership());
  const { store } = known;
  const read: Read = (path, accept) =>
    client.read(path, { timeoutMs: LISTING_TIMEOUT_MS, ...(accept && { accept }) });
  known.readBy(read);
  const readiness = await watchReadiness({
    probe: async () => (await client.probe(PROBE_TIMEOUT_MS)) && (await known.seed()),
    intervalMs: PROBE_INTERVAL_MS,
    onProbe: (isReady) => metrics.pushwarden_upstream_up.set(Number(isReady)),
  });
  let isScrapeBroken = false;
  const scrapeWatch = createScrapeWatch({
    scrape: (onData) => client.scrape(LISTING_TIMEOUT_MS, onData),
    read,
    store,
    log,
    onLook: (isBroken) => {
      isScrapeBroken = isBroken;
      metrics.pushwarden_upstream_scrape_broken.set(Number(isBroken));
    },
  });
  const scraping = repeat(scrapeWatch, SCRAPE_INTERVAL_MS);
  const lending = createLending({
    store,
    send: watchUpstream(client, metrics, clock).send,
    read: createReadHandler({ upstreamUrl: url, connections, authorization, ca, clock }),
  });
  return {
    lend: lending.lend,
    known,
    isReady: () => readiness.isReady(),
    isScrapeBroken: () => isScrapeBroken,
    fits: (other, otherUrl) => otherUrl === url && isDeepStrictEqual(other, config),
    async close() {
      readiness[Symbol.dispose]();
      scraping[Symbol.dispose]();
      await lending.allBack();
      await client.close();
    },
  };
}

function createKnownStore(url: string, metrics: Metrics, ownership: Ownership): KnownStore {
  const store = openGroupStore(metrics);
  void store.assignOwners(ownership); // nothing is in it yet
  let read: Read = async () => undefined;
  const seed = createFamilySeed({ store, read: (path, accept) => read(path, accept) });
  const readBy = (next: Read): void => {
    read = next;
  };
  return { url, store, seed, readBy };
}

/** @see RFC 7617 section 2 */
function renderAuthorization({ basicAuth }: UpstreamConfig): string | undefined {
  if (basicAuth === undefined) return undefined;
  const { username, password } = basicAuth;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
