import { isDeepStrictEqual } from 'node:util';
import type { UpstreamConfig } from '../config/sections/upstream.ts';
import { createFamilyRegistry, type FamilyRegistry } from '../core/exposition/families.ts';
import { createFamilySeed } from '../groups/family-seed.ts';
import { createScrapeWatch } from '../groups/scrape-watch.ts';
import { createReadHandler, type ReadHandler } from '../http/handle-read.ts';
import type { Metrics } from '../metrics/registry.ts';
import { watchUpstream } from '../metrics/watch.ts';
import type { Clock, OperationalLog, Upstream } from '../pipeline/ports.ts';
import { createPushgatewayClient } from '../upstream/pushgateway-client.ts';
import { watchReadiness } from '../upstream/readiness.ts';
import { repeat } from '../upstream/repeat.ts';

/** Everything that talks to one upstream. */
export interface UpstreamSide {
  readonly upstream: Upstream;
  readonly handleRead: ReadHandler;
  /** What the upstream holds, as far as metric types go. */
  readonly families: FamilyRegistry;
  isReady(): boolean;
  /** Whether this side is what the configuration asks for, with the Pushgateway at `url`. */
  fits(config: UpstreamConfig, url: string): boolean;
  /** Lets what is under way finish. */
  close(): Promise<void>;
}

export interface UpstreamSideOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
}

const PROBE_INTERVAL_MS = 5000;
const PROBE_TIMEOUT_MS = 2000;
/** The whole store. */
const LISTING_TIMEOUT_MS = 10_000;
/** As often as Prometheus scrapes, by its defaults or near them: one more reader of the store. */
const SCRAPE_INTERVAL_MS = 15_000;

/** Opens the way to an upstream; resolves after the first look at it, whatever that saw. */
export async function openUpstreamSide(
  config: UpstreamConfig,
  url: string,
  { metrics, clock, log }: UpstreamSideOptions,
): Promise<UpstreamSide> {
  const { connections, ca } = config;
  const authorization = renderAuthorization(config);
  const client = createPushgatewayClient({
    url,
    connections,
    ...(authorization && { authorization }),
    ...(ca && { ca }),
  });
  const families = createFamilyRegistry();
  const read = (path: string, accept?: string): Promise<Uint8Array | undefined> =>
    client.read(path, { timeoutMs: LISTING_TIMEOUT_MS, ...(accept && { accept }) });
  const seed = createFamilySeed({ read, families });
  const readiness = await watchReadiness({
    probe: async () => (await client.probe(PROBE_TIMEOUT_MS)) && (await seed()),
    intervalMs: PROBE_INTERVAL_MS,
    onProbe: (isReady) => metrics.pushwarden_upstream_up.set(Number(isReady)),
  });
  const scrapeWatch = createScrapeWatch({
    scrape: (onData) => client.scrape(LISTING_TIMEOUT_MS, onData),
    read,
    families,
    log,
    onLook: (isBroken) => metrics.pushwarden_upstream_scrape_broken.set(Number(isBroken)),
  });
  const scraping = repeat(scrapeWatch, SCRAPE_INTERVAL_MS);
  return {
    upstream: watchUpstream(client, metrics, clock),
    families,
    handleRead: createReadHandler({ upstreamUrl: url, connections, authorization, ca, clock }),
    isReady: () => readiness.isReady(),
    fits: (other, otherUrl) => otherUrl === url && isDeepStrictEqual(other, config),
    async close() {
      readiness[Symbol.dispose]();
      scraping[Symbol.dispose]();
      await client.close();
    },
  };
}

/** @see RFC 7617 section 2 */
function renderAuthorization({ basicAuth }: UpstreamConfig): string | undefined {
  if (basicAuth === undefined) return undefined;
  const { username, password } = basicAuth;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
