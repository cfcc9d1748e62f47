import { coversKey } from '../core/store/ownership.ts';
import type { GroupingKey } from '../core/target/grouping-key.ts';
import type { RunJanitor } from '../http/handle-janitor.ts';
import type { RunQuarantine } from '../http/handle-quarantine.ts';
import type { RunRebalance } from '../http/handle-rebalance.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { AuditLog, Clock, OperationalLog } from '../pipeline/ports.ts';
import type { GroupGate } from '../store/group-gate.ts';
import type { RebalancedStore } from '../store/plan-move.ts';
import { runRebalance } from '../store/rebalance.ts';
import type { Current } from './current.ts';
import { pickSide } from './upstream-routes.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** What the runs that are asked for on the admin side have in common. */
export interface RunContext {
  readonly current: Current;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly gate: GroupGate;
  /** No reload takes place meanwhile. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
}

interface RebalanceContext extends RunContext {
  readonly newRequestId: () => string;
  /** Why the run shall end early. */
  readonly isOver: (asking: AbortSignal, lost: AbortSignal) => string | undefined;
}

/** A run that ends when another gateway may be at it. */
export type Locked<Run extends RunJanitor | RunQuarantine | RunRebalance> = (
  asked: Parameters<Run>[0],
  lost: AbortSignal,
) => ReturnType<Run>;

/** Creates what moves groups to where they belong by the configuration in use. */
export function createRebalance(context: RebalanceContext): Locked<RunRebalance> {
  const { current, audit, metrics, clock, log, gate, undisturbed, newRequestId } = context;
  return async ({ isDryRun, awayFrom, onMoved, signal }, lost) => {
    const sides = current.upstreamSides();
    const problem = explainNames(sides, awayFrom);
    if (problem !== undefined) return { wrongNames: problem };
    const leaving = sides.filter(({ name }) => awayFrom.includes(name)).map(({ known }) => known);
    if (!isDryRun) current.leave(leaving);
    using loans = new DisposableStack();
    const sideOf = new Map<RebalancedStore, UpstreamSide>();
    for (const side of sides) {
      const { name, timeoutMs, known } = side;
      const { send } = loans.use(side.lend());
      sideOf.set({ name, timeoutMs, send, followed: known.followed }, side);
    }
    const stores = [...sideOf.keys()];
    const left = new Set(leaving);
    const run = await runRebalance({
      ...{ stores, gate, audit, clock, isDryRun, newRequestId, undisturbed },
      homeOf({ key }, at) {
        const upstream = upstreamOf(current, key) ?? sideOf.get(at)?.upstream;
        const home = pickSide(sides, left, upstream, key.job);
        return stores.find((store) => sideOf.get(store) === home);
      },
      isOver() {
        const isSame = current.upstreamSides().every((side, index) => side === sides[index]);
        return isSame ? context.isOver(signal, lost) : 'another upstream is configured';
      },
      onMoved(group) {
        if (group.end === 'moved') {
          metrics.pushwarden_moved_groups_total.labels(group.team ?? '').inc();
        }
        onMoved(group);
      },
    });
    const { endedEarly, ...counts } = run;
    const fields = { dry_run: isDryRun, away_from: awayFrom, ...counts };
    if (endedEarly !== undefined) log.warn('groups_moved', { ...fields, ended_early: endedEarly });
    else if (!isDryRun) log.info('groups_moved', fields);
    return run;
  };
}

/** What is wrong with the names of Pushgateways that are to lose what they have. */
function explainNames(
  sides: readonly UpstreamSide[],
  awayFrom: readonly string[],
): string | undefined {
  for (const name of awayFrom) {
    const side = sides.find((one) => one.name === name);
    if (side === undefined) {
      return `there is no Pushgateway ${name}: ${sides.map((one) => one.name).join(', ')}`;
    }
    const { upstream } = side;
    if (sides.some((one) => one.upstream === upstream && !awayFrom.includes(one.name))) continue;
    return `upstream ${upstream} has no other Pushgateway than ${name}: give its teams another upstream, reload, and rebalance without naming it`;
  }
  return undefined;
}

/** That of the first team that may push to the group: those that only delete go to where it is. */
function upstreamOf(current: Current, key: GroupingKey): string | undefined {
  const { policy } = current.snapshot();
  const pusher = current.config().teams.find(({ name, allow }) => {
    const team = allow.includes('push') ? policy.team(name) : undefined;
    if (team === undefined) return false;
    return coversKey(team.jobs.matcher, (label) => team.labels.get(label)?.matcher, key);
  });
  return pusher && current.sideOf(pusher.name).upstream;
}
