import { availableParallelism, hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { createTeamActivity } from '../activity/team-activity.ts';
import { openAuditLog } from '../audit/log/audit-log.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { allow, type Decision, deny } from '../core/decision.ts';
import { andThen } from '../core/maybe-promise.ts';
import { expiryOf } from '../core/store/expiry.ts';
import { joinStores, type StoreView } from '../core/store/joined-stores.ts';
import { decodeGzip } from '../encodings/gzip.ts';
import { decodeSnappy } from '../encodings/snappy.ts';
import { createAdminApp, createAdminServer, type ReloadResult } from '../http/admin.ts';
import { drainServer } from '../http/drain.ts';
import { listen } from '../http/listen.ts';
import { resolveSecurityHeaders } from '../http/security-headers.ts';
import { createByteBudget } from '../limits/byte-budget.ts';
import { createTeamLimiter } from '../limits/team-limiter.ts';
import { createMetricsRegistry, type MetricsRegistry } from '../metrics/registry.ts';
import { createRequestObserver } from '../metrics/request-observer.ts';
import {
  watchAudit,
  watchBytes,
  watchConnections,
  watchCredentials,
  watchReadiness,
} from '../metrics/watch.ts';
import { watchSpool } from '../metrics/watch-spool.ts';
import { watchStore } from '../metrics/watch-store.ts';
import { createContentParser } from '../parsing/content-parser.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { AuditLog, Lease, OperationalLog } from '../pipeline/ports.ts';
import type { SharedState } from '../pipeline/shared-state.ts';
import type { OpenedSpool } from '../spool/open-spool.ts';
import { createGroupGate, type GroupGate } from '../store/group-gate.ts';
import { VERSION } from '../version.ts';
import { SYSTEM_CLOCK as clock } from './clock.ts';
import { type Current, openCurrent } from './current.ts';
import { deleteEverywhere } from './delete-everywhere.ts';
import { createLifetime, type Lifetime } from './lifetime.ts';
import { openState } from './open-state.ts';
import { warnOfSharedPeer } from './peer-warning.ts';
import { createPublicPort } from './public-port.ts';
import { createPublicSide } from './public-side.ts';
import { createReadings, describeUpstreams } from './readings.ts';
import { createReload, type LoadedConfig } from './reload.ts';
import { openGatewaySpool, startReplay } from './spool-side.ts';
import { startJanitor } from './start-janitor.ts';

/** One core stays for requests, where there is more than one. */
const PARSING_THREADS = Math.max(1, availableParallelism() - 1);

/** A gateway that takes requests. */
export interface RunningGateway {
  readonly listenUrl: string;
  /** Undefined when the admin side is off. */
  readonly adminUrl: string | undefined;
  /** Whether a push could be taken now. */
  isReady(): boolean;
  /** Puts what `load` gives in place of the configuration in use, or leaves that alone. */
  reload(): Promise<ReloadResult>;
  /**
   * Stops accepting, finishes what is under way, closes everything in reverse order.
   * @param cause - for the audit log: `SIGTERM`
   * @returns false when the drain time ended before the last request did
   */
  close(cause: string): Promise<boolean>;
}

interface ComposeOptions {
  readonly log: OperationalLog;
  /** Loads the configuration anew. */
  readonly load: () => Promise<LoadedConfig>;
}

/** Builds a gateway out of its parts and opens it; what is opened here is closed here. */
export async function composeGateway(
  config: GatewayConfig,
  { log, load }: ComposeOptions,
): Promise<RunningGateway> {
  await using opened = new AsyncDisposableStack();
  const registry = createMetricsRegistry();
  const { metrics } = registry;
  metrics.pushwarden_build_info.labels(VERSION).set(1);

  const securityHeaders = resolveSecurityHeaders();
  const publicSide = createPublicSide(config, securityHeaders);
  const publicPort = createPublicPort(publicSide, config.listen, config.server.reusePort);
  opened.defer(() => publicPort.giveUp());
  const { audit, isRefusing } = await openAudit(config, registry, log, publicPort.share);
  opened.defer(() => audit.close());
  const spool = await openGatewaySpool(config.spool, { metrics, clock, log, audit });
  opened.defer(() => spool?.close());
  const state = await openState(config.state, log);
  opened.use(state);
  const current = await openCurrent(config, { metrics, clock, log, state, spool });
  opened.defer(() => current.close());

  const lifetime = createLifetime(current, spool, isRefusing);
  const gate = createGroupGate();
  const gateway = createGateway(current, audit, lifetime, { registry, log, state, gate });
  const observer = createRequestObserver(registry, clock);
  const activity = createTeamActivity({ clock, onUse: watchCredentials(registry) });
  warnOfSharedPeer(publicSide.server, current.snapshot, log);
  watchConnections(publicSide.server, metrics);

  const works = { current, metrics, audit, clock, log, undisturbed: pLimit(1) };
  const reload = createReload({ load, publicSide, ...works });
  const { isReady, isSpooling } = lifetime;
  watchAll(registry, lifetime, spool, current);
  const janitor = startJanitor({ lock: state.janitor, gate, ...works });
  const admin = createAdminApp({
    ...{ securityHeaders, isReady, isSpooling, reload, log },
    hosts: config.admin?.hosts ?? [],
    registry,
    knownStore: () => knownStore(current),
    expiry: () => expiryOf(current.snapshot().policy.team),
    ...janitor.byHand,
  });
  const adminServer = createAdminServer(admin);
  const adminUrl =
    config.admin && (await listen(adminServer, { ...config.admin, key: 'admin.listen' }));
  opened.defer(async () => void (config.admin && (await drainServer(adminServer, 0))));

  opened.use(janitor); // closed before everything that it works with
  await audit.append({ event: 'start', version: VERSION, config_hash: config.hash });
  opened.use(await startReplay(spool, current, { metrics, clock, log, audit, activity, gateway }));
  const page = {
    sessionStore: state.sessions,
    upstreamState: describeUpstreams(current, isSpooling, spool),
  };
  publicSide.open({ gateway, observer, activity, ...page, log, lifetime });
  const listenUrl = await publicPort.open();
  const closing = opened.move();
  return {
    listenUrl,
    adminUrl,
    isReady,
    reload,
    async close(cause) {
      const { drainTimeoutMs } = current.config().server;
      lifetime.end(drainTimeoutMs);
      const hasDrained = await drainServer(publicSide.server, drainTimeoutMs);
      audit.record({ event: 'stop', cause });
      await closing.disposeAsync();
      return hasDrained;
    },
  };
}

/** The audit log, and whether it refuses what it cannot record. */
async function openAudit(
  config: GatewayConfig,
  registry: MetricsRegistry,
  log: OperationalLog,
  onWait: () => Promise<void>,
) {
  let isRefusing = false;
  const refusing = (isNow: boolean): void => {
    isRefusing = isNow;
  };
  const observer = { ...watchAudit(registry), refusing };
  const audit = await openAuditLog(
    { ...config.audit, gateway: nameGateway(config) },
    { clock, log, observer, onWait },
  );
  return { audit, isRefusing: () => isRefusing };
}

/** Of several gateways each has a name in its records: that of its machine, unless it has one. */
function nameGateway({ instance, state }: GatewayConfig): string | undefined {
  return instance ?? (state && hostname());
}

/** Long enough for a probe, and not for a whole reading. */
const KNOWN_WAIT_MS = 2000;

/** Of those that are known at all: one that is away does not hide the others. */
async function knownStore(current: Current): Promise<Decision<StoreView>> {
  const sides = current.upstreamSides().map(({ known }) => known.followed);
  const ends = await Promise.all(sides.map((followed) => followed.whenKnown(KNOWN_WAIT_MS)));
  const known = sides.filter((_, index) => ends[index]?.effect === 'allow');
  const [first] = ends;
  if (known.length === 0 && first?.effect === 'deny') return first;
  return allow(joinStores(known.map(({ store }) => store)));
}

function whatTeamsOwn(current: Current) {
  const stores = current.upstreamSides().map(({ known }) => known.followed.store);
  return { teams: current.config().teams, store: joinStores(stores) };
}

function watchAll(
  registry: MetricsRegistry,
  { isReady }: Lifetime,
  spool: OpenedSpool | undefined,
  current: Current,
): void {
  watchReadiness(registry, isReady);
  if (spool !== undefined) watchSpool(registry, spool.index);
  watchStore(registry, () => whatTeamsOwn(current), clock);
}

interface GatewayParts {
  readonly registry: MetricsRegistry;
  readonly log: OperationalLog;
  readonly state: Pick<SharedState, 'turnstile'>;
  readonly gate: GroupGate;
}

function createGateway(
  current: Current,
  audit: AuditLog,
  lifetime: Lifetime,
  { registry, log, state, gate }: GatewayParts,
): Gateway {
  const byteBudget = createByteBudget({
    maxBytes: () => current.config().server.bytesInFlight,
    onChange: watchBytes(registry),
  });
  return {
    snapshot: current.snapshot,
    isDraining: lifetime.isOver,
    clock,
    audit,
    teamLimiter: createTeamLimiter({
      turnstile: state.turnstile,
      maxWaiting: () => current.config().server.waiting,
    }),
    byteBudget,
    decoders: { gzip: decodeGzip, snappy: decodeSnappy },
    parseContent: createContentParser({ parallel: PARSING_THREADS }),
    pause: () => nextTurn(),
    enterGroup: (id, waitMs) => andThen(gate.enter(id, waitMs), allowEntered),
    upstream: (team, group) => lendFor(current, team, group),
    ...createReadings(current, { clock, log }),
  };
}

function allowEntered(lease: Lease | undefined): Decision<Lease> {
  if (lease !== undefined) return allow(lease);
  return deny('overloaded', 'the group is on its way to another Pushgateway; push it again');
}

/** A group that several have is deleted from all of them. */
function lendFor(current: Current, team: string, group: Parameters<Gateway['upstream']>[1]) {
  const side = current.sideOf(team, group);
  if (group.action === 'push') return side.lend();
  const others = current.upstreamSides().filter((other) => {
    return other !== side && other.known.followed.store.group(group.id) !== undefined;
  });
  return deleteEverywhere(
    side.lend(),
    others.map((other) => other.lend()),
  );
}
