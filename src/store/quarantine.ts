import { type OutcomeFacts, renderOutcome } from '../core/audit/outcome-event.ts';
import { messageOf } from '../core/errors.ts';
import { type Culprit, pickCulprits } from '../core/store/culprits.ts';
import type { QuarantinedGroup, QuarantineRun } from '../core/store/quarantine-run.ts';
import type { Scrape } from '../core/store/scrape-scanner.ts';
import type { SuspectGroup } from '../core/store/suspect-groups.ts';
import { judgeOutcome } from '../core/store/upstream-outcome.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { UpstreamSender } from '../pipeline/ports/upstream.ts';
import type { AuditLog, Clock, OperationalLog } from '../pipeline/ports.ts';
import type { FollowedStore } from './followed-store.ts';
import { AWAY, renderOwnDelete } from './own-delete.ts';
import { findProblem, isSeen } from './scrape-watch.ts';

interface QuarantineOptions {
  readonly followed: Pick<FollowedStore, 'store' | 'renew' | 'expire' | 'expiryTime' | 'reader'>;
  readonly send: UpstreamSender['send'];
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly isDryRun: boolean;
  readonly timeoutMs: number;
  readonly newRequestId: () => string;
  readonly isOver: () => string | undefined;
  readonly onFound: (group: QuarantinedGroup) => void;
}

/** An error names what it can hold; what is behind it comes up once that is gone. */
const MAX_ROUNDS = 100;
const ASKED = 6;
/** One that a scrape in ten shows comes up with a probability of 0.998. */
const ASKED_FOR_HELP = 60;
/** In a path without an instance: Pushgateway shows an absent one and an empty one alike. */
const EMPTY_INSTANCE = '/instance@base64/=';

/** Groups of the log line. */
const MAX_NAMED = 10;

/**
 * Deletes the groups that break the scrape for everybody, as few as can be, until it is whole; in a
 * dry run it names those of the first round. Never rejects.
 */
export async function runQuarantine(options: QuarantineOptions): Promise<QuarantineRun> {
  const named: string[] = [];
  const onFound = (group: QuarantinedGroup): void => {
    if (named.length < MAX_NAMED) named.push(group.target);
    options.onFound(group);
  };
  const run = await runRounds({ ...options, onFound });
  if (!options.isDryRun && run.found > 0) tell(options.log, run, named);
  return run;
}

function tell(
  log: OperationalLog,
  { isWhole, endedEarly, ...counts }: QuarantineRun,
  named: readonly string[],
): void {
  const more = counts.found - named.length;
  log[isWhole ? 'info' : 'warn']('groups_quarantined', {
    ...counts,
    groups: named,
    ...(more > 0 && { more_groups: more }),
    scrape_whole: isWhole,
    ...(endedEarly !== undefined && { ended_early: endedEarly }),
  });
}

async function runRounds(options: QuarantineOptions): Promise<QuarantineRun> {
  const counts = { found: 0, deleted: 0, kept: 0 };
  const done = new Set<string>();
  try {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const over = options.isOver();
      if (over !== undefined) return { ...counts, isWhole: false, endedEarly: over };
      const seen = await look(options);
      if (typeof seen === 'string') return { ...counts, isWhole: false, endedEarly: seen };
      const culprits = pickNext(seen.culprits, done, options.isDryRun);
      counts.found += culprits.length;
      const before = counts.deleted;
      for (const culprit of culprits) await handle(options, culprit, { counts, done });
      const isStuck = counts.deleted === before;
      if (isStuck)
        return {
          ...counts,
          isWhole: seen.isWhole && seen.culprits.length === 0,
          endedEarly: undefined,
        };
    }
    return { ...counts, isWhole: false, endedEarly: 'there are more than one run takes' };
  } catch (error) {
    const endedEarly = messageOf(error);
    return { ...counts, isWhole: false, endedEarly };
  }
}

/** Of groups that the model cannot tell apart one goes at a time, and is read again then. */
function pickNext(
  culprits: readonly Culprit[],
  done: ReadonlySet<string>,
  isDryRun: boolean,
): readonly Culprit[] {
  const next = culprits.flatMap((culprit) => renderNext(culprit, done));
  return isDryRun ? next : [...new Map(next.map((culprit) => [culprit.id, culprit])).values()];
}

/** The path by which a group goes that the last one has not named; nothing once there is no more. */
function renderNext(culprit: Culprit, done: ReadonlySet<string>): readonly Culprit[] {
  if (!done.has(culprit.target)) return [culprit];
  const other = `${culprit.target}${EMPTY_INSTANCE}`;
  const isRaw = culprit.target !== culprit.id && !culprit.target.includes('/instance@');
  return isRaw && !done.has(other) ? [{ ...culprit, target: other }] : [];
}

interface Progress {
  readonly counts: { deleted: number; kept: number };
  readonly done: Set<string>;
}

interface Seen {
  readonly culprits: readonly Culprit[];
  readonly isWhole: boolean;
}

/** @returns why it cannot be told */
async function look({ followed }: QuarantineOptions): Promise<Seen | string> {
  const reader: StoreReader | undefined = followed.reader();
  if (reader === undefined || !(await followed.renew())) return AWAY;
  const scrape = await reader.scrape();
  if (scrape.status !== 200 && scrape.status !== 500) return `the scrape answers ${scrape.status}`;
  const expected = new Set(followed.store.familyLines().keys());
  const found = await findSuspects(reader, scrape.error);
  const brokenHelp = await findBrokenHelp(reader, scrape, found);
  const problem = findProblem({ ...scrape, brokenHelp }, expected);
  // a scrape in text is whole that has both kinds of histograms
  const suspects = found.filter((suspect) => {
    return isSeen(suspect, brokenHelp) && (problem !== undefined || suspect.blame === 'kind');
  });
  return { culprits: pickCulprits(suspects, followed.store), isWhole: problem === undefined };
}

/**
 * Of two helps of a family Pushgateway shows now this, now that, and of bytes that are no text the API
 * has nothing left: where there may be some, it is asked until they came up.
 */
async function findBrokenHelp(
  reader: StoreReader,
  scrape: Scrape,
  suspects: readonly SuspectGroup[],
): Promise<readonly string[]> {
  const seen = new Set(scrape.brokenHelp);
  const awaited = suspects.filter(({ blame }) => blame === 'help').map(({ family = '' }) => family);
  for (let asked = 1; asked < ASKED_FOR_HELP; asked += 1) {
    if (awaited.every((family) => seen.has(family))) break;
    const { status, brokenHelp } = await reader.scrape();
    if (status !== 200) break;
    for (const family of brokenHelp) seen.add(family);
  }
  return [...seen];
}

/**
 * Of two series that Pushgateway takes for one it names the one that it came to later, now this, now
 * that: it is asked some times over, so that both come up.
 */
async function findSuspects(reader: StoreReader, error: string): Promise<readonly SuspectGroup[]> {
  const found = new Map<string, SuspectGroup>();
  let text = error;
  for (let asked = 0; asked < ASKED; asked += 1) {
    for (const suspect of await reader.suspects(text)) {
      found.set([suspect.group, suspect.blame, suspect.family].join(' '), suspect);
    }
    if (![...found.values()].some(({ blame }) => blame === 'series')) break;
    const scrape = await reader.scrape();
    if (scrape.status !== 500) break;
    text = scrape.error;
  }
  return [...found.values()];
}

async function handle(
  options: QuarantineOptions,
  culprit: Culprit,
  { counts, done }: Progress,
): Promise<void> {
  const { followed, isDryRun, onFound } = options;
  const group = followed.store.group(culprit.id);
  const found = {
    ...{ target: culprit.target, problem: culprit.problem },
    team: group?.owner,
    job: group?.key.job ?? '',
    labels: group?.key.labels ?? [],
    series: group?.series ?? 0,
    lastPushAt: group && Math.max(group.pushedAt ?? 0, group.failedAt ?? 0),
  };
  if (isDryRun) {
    onFound({ ...found, end: 'found' });
    return;
  }
  const isDeleted = await remove(options, culprit, found);
  counts[isDeleted ? 'deleted' : 'kept'] += 1;
  if (isDeleted) done.add(culprit.target);
  onFound({ ...found, end: isDeleted ? 'deleted' : 'kept' });
}

async function remove(
  { followed, send, audit, clock, timeoutMs, newRequestId }: QuarantineOptions,
  { id, target, problem }: Culprit,
  { team, job, labels, series, lastPushAt = 0 }: Omit<QuarantinedGroup, 'end'>,
): Promise<boolean> {
  const requestId = newRequestId();
  const beganAt = clock.monotonic();
  const end = await followed.expire(id, {
    isDue: () => true,
    announce: () =>
      audit.append({
        event: 'expired',
        request_id: requestId,
        by: 'quarantine',
        ...(team !== undefined && { team }),
        ...{ target, job },
        grouping_key: labelsByName(labels),
        age_seconds: Math.round((followed.expiryTime.now(0) - lastPushAt) / 1000),
        series,
        detail: problem,
      }),
    remove: () => send(renderOwnDelete({ clock, timeoutMs }, target, requestId)),
  });
  if (end.kind === 'kept' || end.kind === 'away') return false;
  const judged = end.kind === 'sent' ? judgeOutcome('DELETE', end.outcome) : undefined;
  const status = judged?.status ?? 'rejected';
  const facts: OutcomeFacts = { status, ...(judged?.errorKind && { reason: judged.errorKind }) };
  await audit.append(renderOutcome(requestId, facts, clock.monotonic() - beganAt));
  return judged?.decision.effect === 'allow';
}
