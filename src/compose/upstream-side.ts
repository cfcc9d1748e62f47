import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { UpstreamConfig } from '../config/sections/upstream.ts';
import type { NamedUpstream } from '../config/sections/upstreams.ts';
import type { Deny } from '../core/decision.ts';
import { isUndelivered, type UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import { createReadHandler } from '../http/handle-read.ts';
import { type OutcomeWatch, watchPeriodicWork, watchUpstream } from '../metrics/watch.ts';
import type {
  ReadAnswer,
  ScrapePart,
  Upstream,
  UpstreamRead,
  UpstreamReading,
} from '../pipeline/ports/upstream.ts';
import type { Clock } from '../pipeline/ports.ts';
import { createPushgatewayClient, type PushgatewayClient } from '../upstream/pushgateway-client.ts';
import { createPartReader } from '../upstream/scrape-part.ts';
import { createStoreReader } from '../upstream/store-reader.ts';
import { createKnownStore, type KnownStore, type KnownStoreOptions } from './known-store.ts';
import { createLending } from './lending.ts';
import { startPeriodicWork } from './periodic-work.ts';

/** Everything that talks to one upstream. */
export interface UpstreamSide {
  readonly name: string;
  /** What teams name; several may have it. */
  readonly upstream: string;
  /** Where it stands in the configuration. */
  readonly place: string;
  /** From when a request is let through to the end of the upstream's answer. */
  readonly timeoutMs: number;
  /** Lends the way to the upstream to one request. */
  lend(): Upstream & UpstreamReading;
  /** It as one of several that answer a read together. */
  readonly part: ScrapePart;
  /** What is known of the store; it goes on over another way to the same Pushgateway. */
  readonly known: KnownStore;
  isReady(): boolean;
  /** Whether a push to it could be taken, perhaps after it has waited. */
  takesPushes(): boolean;
  /** Whether the last scrape of the store was broken. */
  isScrapeBroken(): boolean;
  /** Whether this side is what the configuration asks for, with the Pushgateway at `url`. */
  fits(config: NamedUpstream, url: string): boolean;
  /** Takes back what was lent, then ends. */
  close(): Promise<void>;
}

/** Others may have ended what was claimed for it. */
const NOT_SENT = Promise.resolve<UpstreamOutcome>({
  kind: 'failed',
  reason: 'state_unavailable',
  mayBeApplied: false,
  attempts: 0,
  detail: 'the gateway has lost its place among those that share the state',
});

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
  config: NamedUpstream,
  url: string,
  options: KnownStoreOptions,
  before?: UpstreamSide,
): Promise<UpstreamSide> {
  const { metrics, clock, log, spool } = options;
  const { name, upstream, place, timeoutMs, connections, ca } = config;
  const authorization = renderAuthorization(config);
  const address = { url, ...(authorization && { authorization }), ...(ca && { ca }) };
  const reader = createStoreReader(address);
  const isSame = before?.known.url === url;
  const known = isSame
    ? before.known
    : createKnownStore(config, url, options, before !== undefined);
  const { followed } = known;
  const onDisconnect = (): void => followed.noteDisconnect();
  const mayStart = known.isMember;
  const client = createPushgatewayClient({ ...address, connections, onDisconnect, mayStart });
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
  const read = createReadHandler({ upstreamUrl: url, connections, authorization, ca, clock });
  const parts = createPartReader({ ...address, connections });
  const lending = createLending({
    store: followed.store,
    timeoutMs,
    ...(spool && { spool }),
    whenKnown: (waitMs: number) => followed.whenKnown(waitMs),
    tidy: followed.tidy.bind(followed),
    send: createSender(client, known, clock, watchUpstream(metrics, name, spool !== undefined)),
    read: (what: UpstreamRead, answer: ReadAnswer) =>
      read(what, {
        ...answer,
        refuse(refusal: Deny) {
          if (refusal.reason === 'upstream_unreachable') void followed.probe();
          answer.refuse(refusal);
        },
      }),
  });
  return {
    ...{ name, upstream, place, timeoutMs },
    lend: lending.lend,
    part: {
      ...{ name, open: parts.open, isUp: () => followed.isReady() },
      onLeftOut({ reason, internal }) {
        if (followed.isReady()) log.warn('upstream_left_out', { upstream: name, reason, internal });
        if (reason !== 'upstream_invalid') void followed.probe();
      },
    },
    known,
    isReady: () => followed.isReady(),
    takesPushes: () => followed.takesPushes() && known.takesClaims(),
    isScrapeBroken: known.isScrapeBroken,
    fits: (other, otherUrl) => otherUrl === url && isDeepStrictEqual(other, config),
    async close() {
      work[Symbol.dispose]();
      await lending.allBack();
      parts[Symbol.dispose]();
      await Promise.all([client.close(), reader[Symbol.asyncDispose]()]);
    },
  };
}

/** Sends, as long as anybody counts on this gateway, and has everybody hear what came of it. */
function createSender(
  client: PushgatewayClient,
  { followed, isMember }: KnownStore,
  clock: Clock,
  observe: OutcomeWatch,
): Upstream['send'] {
  return (request) => {
    if (!isMember()) return NOT_SENT;
    const sentAt = clock.monotonic();
    return client.send(request).then((outcome) => {
      observe(request.method, outcome, clock.monotonic() - sentAt);
      if (!isMember() && isUndelivered(outcome)) return NOT_SENT;
      followed.noteOutcome(outcome);
      return outcome;
    });
  };
}

/** @see RFC 7617 section 2 */
function renderAuthorization({ basicAuth }: UpstreamConfig): string | undefined {
  if (basicAuth === undefined) return undefined;
  const { username, password } = basicAuth;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
