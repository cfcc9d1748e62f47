import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ExpiredGroup, ExpiryRun } from '../core/store/expiry-run.ts';
import type { GroupId } from '../core/store/group.ts';
import type { QuarantineRun } from '../core/store/quarantine-run.ts';
import type { RunJanitor } from '../http/handle-janitor.ts';
import type { RunQuarantine } from '../http/handle-quarantine.ts';
import type { RunRebalance } from '../http/handle-rebalance.ts';
import { createRequestIds } from '../http/request-id.ts';
import { watchPeriodicWork } from '../metrics/watch.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { WorkLock } from '../pipeline/shared-state.ts';
import { runJanitor } from '../store/janitor.ts';
import { runQuarantine } from '../store/quarantine.ts';
import { createRebalance, type Locked, type RunContext } from './create-rebalance.ts';
import type { Current } from './current.ts';
import { startPeriodicWork } from './periodic-work.ts';
import { runOnEach, sumUp } from './run-on-each.ts';
import type { UpstreamSide } from './upstream-side.ts';

interface JanitorOptions extends RunContext {
  /** One run at a time, by whichever gateway. */
  readonly lock: WorkLock;
}

/** Deletes groups for their age; ends between two deletions. */
export interface Janitor extends AsyncDisposable {
  /** Each after the run that is under way. */
  readonly byHand: {
    readonly runJanitor: RunJanitor;
    readonly runQuarantine: RunQuarantine;
    readonly runRebalance: RunRebalance;
  };
}

/** Of a pause: the run may be over meanwhile. */
const LONGEST_PAUSE_MS = 500;

/** Runs as often as the configuration says, and when it is asked to. */
export function startJanitor(options: JanitorOptions): Janitor {
  const { lock, current, audit, metrics, clock, log } = options;
  const newRequestId = createRequestIds();
  const inTurn = pLimit(1);
  const held: WorkLock['hold'] = (work) => inTurn(() => lock.hold(work));
  const stopping = new AbortController();
  /** Of the dry runs: each group counts once for as long as it is due. */
  let counted = new Set<GroupId>();

  const run: Locked<RunJanitor> = async (asked, lost) => {
    const isDryRun = asked.isDryRun || current.config().janitor.isDryRun;
    const ends = await runOnEach(current, (side) => runOn(side, { ...asked, isDryRun }, lost));
    return { ...sumUp(ends, ['due', 'deleted', 'kept', 'refused']), isDryRun };
  };

  const runOn = async (
    side: UpstreamSide,
    { isDryRun, onExpired, signal }: Parameters<RunJanitor>[0],
    lost: AbortSignal,
  ): Promise<ExpiryRun> => {
    using way = side.lend();
    const isOver = () => whyOver(current, side, [stopping.signal, signal, lost]);
    return await runJanitor({
      followed: side.known.followed,
      send: way.send,
      ...{ audit, clock, log, newRequestId, isDryRun, isOver },
      rules: () => ({ teams: current.config().teams, policy: current.snapshot().policy }),
      rate: current.config().janitor.rate,
      timeoutMs: side.timeoutMs,
      pause: (ms) => pauseUnless(isOver, ms, clock),
      onExpired(group) {
        if (!isDryRun) metrics.pushwarden_expired_groups_total.labels(group.team).inc();
        onExpired(group);
      },
    });
  };

  const rebalance = createRebalance({
    ...{ ...options, newRequestId },
    isOver: (asking, lost) => whyStopped([stopping.signal, asking, lost]),
  });
  const quarantine = createQuarantine(
    { current, audit, clock, log, newRequestId },
    stopping.signal,
  );

  /** @returns whether everything that was due is gone, but for what was stopped */
  const runByItself = async (lost: AbortSignal): Promise<boolean> => {
    const due = new Map<GroupId, string>();
    const onExpired = ({ id, team }: ExpiredGroup): void => void due.set(id, team);
    const end = await run({ isDryRun: false, onExpired, signal: stopping.signal }, lost);
    const isDone = end.endedEarly === undefined && end.refused === 0;
    if (!end.isDryRun) return isDone || stopping.signal.aborted;
    for (const [id, team] of due) {
      if (!counted.has(id)) metrics.pushwarden_expired_groups_total.labels(team).inc();
    }
    counted = new Set(due.keys());
    return isDone;
  };

  const work = startPeriodicWork([
    {
      name: 'janitor',
      get everyMs() {
        return current.config().janitor.everyMs;
      },
      run: () => held(runByItself),
      metric: watchPeriodicWork(metrics),
    },
  ]);
  return {
    byHand: {
      runJanitor: (asked) => held((lost) => run(asked, lost)),
      runQuarantine: (asked) => held((lost) => quarantine(asked, lost)),
      runRebalance: (asked) => held((lost) => rebalance(asked, lost)),
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      work[Symbol.dispose]();
      await inTurn(async () => undefined);
    },
  };
}

async function pauseUnless(isOver: () => unknown, ms: number, clock: Clock): Promise<void> {
  const until = clock.monotonic() + ms;
  for (let left = ms; left > 0 && isOver() === undefined; left = until - clock.monotonic()) {
    await delay(Math.min(left, LONGEST_PAUSE_MS), undefined, { ref: false });
  }
}

interface QuarantineOptions extends Pick<JanitorOptions, 'current' | 'audit' | 'clock' | 'log'> {
  readonly newRequestId: () => string;
}

function createQuarantine(
  { current, audit, clock, log, newRequestId }: QuarantineOptions,
  stopping: AbortSignal,
): Locked<RunQuarantine> {
  const runOn = async (
    side: UpstreamSide,
    { isDryRun, onFound, signal }: Parameters<RunQuarantine>[0],
    lost: AbortSignal,
  ): Promise<QuarantineRun> => {
    using way = side.lend();
    return await runQuarantine({
      followed: side.known.followed,
      send: way.send,
      ...{ audit, clock, log, newRequestId, isDryRun, onFound },
      timeoutMs: side.timeoutMs,
      isOver: () => whyOver(current, side, [stopping, signal, lost]),
    });
  };
  return async (asked, lost) => {
    const ends = await runOnEach(current, (side) => runOn(side, asked, lost));
    const isWhole = ends.every((end) => end.isWhole);
    return { ...sumUp(ends, ['found', 'deleted', 'kept']), isWhole };
  };
}

/** Those that end a run: the gateway's own, that of who asks, that of the lock. */
type Signals = readonly [AbortSignal, AbortSignal, AbortSignal];

function whyOver(current: Current, side: UpstreamSide, signals: Signals): string | undefined {
  const isInUse = current.upstreamSides().includes(side);
  return whyStopped(signals) ?? (isInUse ? undefined : 'another upstream is configured');
}

function whyStopped([stopping, asking, lost]: Signals): string | undefined {
  if (stopping.aborted) return 'the gateway stops';
  if (asking.aborted) return 'who asked for it has left';
  return lost.aborted ? 'another gateway may be at it' : undefined;
}
