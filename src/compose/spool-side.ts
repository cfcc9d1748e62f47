import type { SpoolConfig } from '../config/sections/spool.ts';
import { type Deny, deny } from '../core/decision.ts';
import { authorizeAgain } from '../core/policy/policy.ts';
import { REASONS } from '../core/reason.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { GroupId } from '../core/store/group.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
import { parsePushTarget } from '../core/target/push-target.ts';
import type { Metrics } from '../metrics/registry.ts';
import { watchPeriodicWork } from '../metrics/watch.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { TeamActivity } from '../pipeline/ports/team-activity.ts';
import type { AuditLog, Clock, OperationalLog } from '../pipeline/ports.ts';
import { type OpenedSpool, openSpool } from '../spool/open-spool.ts';
import { recallStore } from '../spool/recall-store.ts';
import { type SpoolEnd, SpoolReplay } from '../spool/replay.ts';
import type { Current } from './current.ts';
import { startPeriodicWork } from './periodic-work.ts';
import type { UpstreamSide } from './upstream-side.ts';

interface SpoolContext {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly audit: AuditLog;
}

interface ReplayContext extends SpoolContext {
  readonly gateway: Pick<Gateway, 'parseContent'>;
  readonly activity: TeamActivity;
}

const EVERY_MS = 1000;
const NO_ENDS = { delivered: 0, rejected: 0, expired: 0 };
/** Ends of what was acknowledged and is not stored. */
const LOST = ['expired', 'rejected'] as const;

/**
 * Opens the spool of a configuration that has one; undefined for one that has none.
 * @throws GatewayError ERR_SPOOL_UNAVAILABLE
 */
export async function openGatewaySpool(
  config: SpoolConfig | undefined,
  { metrics, clock, log, audit }: SpoolContext,
): Promise<OpenedSpool | undefined> {
  if (config === undefined) return undefined;
  const { directory, maxBytes, maxAgeMs, isRestoring } = config;
  const bounds = { maxBytes, maxAgeMs };
  return await openSpool({
    ...{ directory, isRestoring, clock, log },
    bounds: () => bounds,
    observer: {
      kept(team) {
        metrics.pushwarden_spooled_pushes_total.labels(team).inc();
        // an alert looks at these: `increase` does not see the first event of a new series
        for (const outcome of LOST)
          metrics.pushwarden_spool_ends_total.labels(team, outcome).inc(0);
      },
      failed: () => metrics.pushwarden_spool_failures_total.inc(),
      replaced: (entry, by) => {
        countEnd(metrics, entry, 'delivered');
        audit.record({ ...renderEnd(entry, 'delivered', clock), replaced_by: by });
      },
    },
  });
}

/** Knows what the spool has of the store, and sends what waits whenever the upstream is there. */
export async function startReplay(
  spool: OpenedSpool | undefined,
  current: Current,
  context: ReplayContext,
): Promise<AsyncDisposable | undefined> {
  const { maxAgeMs } = current.config().spool ?? {};
  if (spool === undefined || maxAgeMs === undefined) return undefined;
  const { clock, log, metrics } = context;
  const { parseContent: parse } = context.gateway;
  // A configuration with several upstreams has no spool.
  const side = (): UpstreamSide => onlySide(current);
  const followed = () => side().known.followed;
  let ends = { ...NO_ENDS };
  const replay = new SpoolReplay({
    ...{ spool, parse, clock, log },
    upstream: () => side().lend(),
    isUp: () => side().isReady(),
    refresh: () => followed().renew(),
    checkRights: (entry) => checkRights(entry, current),
    isDue: (group, lastPushAt) => isDue(group, lastPushAt, { current, clock }),
    isObserved: (team) => current.snapshot().policy.team(team)?.mode === 'observe',
    timeoutMs: () => side().timeoutMs,
    maxAgeMs,
    onEnd(end) {
      ends[end.outcome] += 1;
      return tellEnd(end, context);
    },
  });
  if (!followed().isReady()) {
    const groups = await recallStore(spool, parse);
    await followed().suppose({ groups, own: [], keepsNative: true });
    replay.noteSupposed();
  }
  await replay.claimWaiting();
  const run = async (): Promise<boolean> => {
    if (spool.index.waitingCount > 0 && !followed().isReady()) await followed().probe();
    const isDone = await replay.run();
    if (ends.delivered + ends.rejected + ends.expired > 0) {
      log.info('spool_replayed', { ...ends, waiting: spool.index.waitingCount });
      ends = { ...NO_ENDS };
    }
    return isDone;
  };
  const work = startPeriodicWork([
    { name: 'spool', everyMs: EVERY_MS, run, metric: watchPeriodicWork(metrics) },
  ]);
  return {
    async [Symbol.asyncDispose]() {
      work[Symbol.dispose]();
      await replay.stop();
    },
  };
}

/** Whether pushes are kept because the upstream is away. */
export function isSpoolInUse(spool: OpenedSpool | undefined, current: Current): boolean {
  if (spool === undefined) return false;
  const { followed } = onlySide(current).known;
  return spool.hasRoom() && followed.isAwayButKnown();
}

function onlySide(current: Current): UpstreamSide {
  const [side] = current.upstreamSides();
  if (side === undefined) throw new TypeError('a configuration has an upstream');
  return side;
}

/**
 * Whether the team of what waits may still make it, by the configuration in use: one whose job was
 * given to another team, or that is gone, does not push to it any more.
 */
function checkRights(
  { team: name, method, group }: SpoolEntry,
  current: Current,
): Deny | undefined {
  const team = current.snapshot().policy.team(name);
  if (team === undefined) return deny('job_not_allowed', `there is no team ${name} any more`);
  const target = parsePushTarget(group, { emptyValues: true });
  if (target.effect === 'deny' || team.mode === 'observe') return undefined;
  const action = method === 'DELETE' ? 'delete' : 'push';
  const decision = authorizeAgain(team, { action, key: target.value.key });
  return decision.effect === 'deny' ? decision : undefined;
}

/** Whether a group would expire at once, by the rules of its owner. */
function isDue(
  group: GroupId,
  pushedAt: number,
  { current, clock }: { readonly current: Current; readonly clock: Clock },
): boolean {
  const target = parsePushTarget(group, { emptyValues: true });
  if (target.effect === 'deny') return false;
  const { key } = target.value;
  const { policy } = current.snapshot();
  const owner = policy.ownerOf(key);
  const rules = owner && policy.team(owner.name)?.expiry;
  return rules?.isDue({ key, pushedAt, failedAt: undefined }, clock.now()) === true;
}

async function tellEnd(end: SpoolEnd, context: ReplayContext): Promise<void> {
  const { entry, outcome, refusal, upstreamStatus } = end;
  const { metrics, clock, log, audit, activity } = context;
  countEnd(metrics, entry, outcome);
  if (outcome !== 'delivered') {
    const { requestId: request_id, team, credential, group: target, method } = entry;
    const reason = refusal?.reason ?? 'upstream_unreachable';
    const why = outcome === 'expired' ? EXPIRED : (refusal?.detail ?? REASONS[reason].title);
    log.warn(`spooled_push_${outcome}`, {
      ...{ request_id, team, target, reason, why },
      ...(refusal?.internal && { internal: refusal.internal }),
    });
    activity.noteRefusal({
      ...{ team, credential, method, target, reason },
      detail: `${why}; it had been kept while Pushgateway was away`,
      hints: refusal?.hints ?? [],
      clientAddress: undefined,
      requestId: entry.requestId,
    });
  }
  try {
    await audit.append({
      ...renderEnd(entry, outcome, clock),
      ...(upstreamStatus !== undefined && { upstream_status: upstreamStatus }),
      ...(refusal && { reason: refusal.reason }),
    });
  } catch (error) {
    log.error('spooled_push_not_audited', { request_id: entry.requestId, error: String(error) });
  }
}

/** The decision may be long gone by: the end stands for itself. */
function describeTarget({ team, credential, method, group }: SpoolEntry) {
  const common = { team, credential, method, target: group };
  const target = parsePushTarget(group, { emptyValues: true });
  if (target.effect === 'deny') return common;
  const { job, labels } = target.value.key;
  return { ...common, job, grouping_key: labelsByName(labels) };
}

const EXPIRED = 'it waited for longer than spool.max_age and was given up';

function countEnd(metrics: Metrics, { team }: SpoolEntry, outcome: SpoolEnd['outcome']): void {
  metrics.pushwarden_spool_ends_total.labels(team, outcome).inc();
}

function renderEnd(entry: SpoolEntry, outcome: SpoolEnd['outcome'], clock: Clock) {
  return {
    event: 'outcome',
    request_id: entry.requestId,
    status: outcome,
    outcome,
    // What was acknowledged before, and lost by the upstream.
    ...(entry.storedAt !== undefined && { restored: true as const }),
    duration_ms: clock.now() - entry.at,
    ...describeTarget(entry),
  } as const;
}
