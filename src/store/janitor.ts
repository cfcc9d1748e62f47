import type { AuditEvent } from '../core/audit/audit-record.ts';
import { type OutcomeFacts, renderOutcome } from '../core/audit/outcome-event.ts';
import { messageOf } from '../core/errors.ts';
import type { Rate } from '../core/policy/limits.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';
import type { ExpiredGroup, ExpiryRun } from '../core/store/expiry-run.ts';
import type { GroupId, StoredGroup } from '../core/store/group.ts';
import { targetOf } from '../core/store/group-listing.ts';
import { judgeOutcome } from '../core/store/upstream-outcome.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
import type { UpstreamSender } from '../pipeline/ports/upstream.ts';
import type { AuditLog, Clock, OperationalLog } from '../pipeline/ports.ts';
import type { ExpiryEnd, FollowedStore } from './followed-store.ts';
import { AWAY, renderOwnDelete } from './own-delete.ts';

/** What one run goes by. */
export interface JanitorRun {
  readonly followed: Pick<FollowedStore, 'store' | 'renew' | 'expire' | 'expiryTime'>;
  readonly send: UpstreamSender['send'];
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Of the configuration in use, which may change meanwhile. */
  readonly rules: () => JanitorRules;
  readonly rate: Rate;
  readonly isDryRun: boolean;
  readonly timeoutMs: number;
  readonly newRequestId: () => string;
  /** Why the run shall end early. */
  readonly isOver: () => string | undefined;
  /** Ends early when the run is over. */
  readonly pause: (ms: number) => Promise<unknown>;
  /** Told of each group that was deleted, in a dry run of each that would be. */
  readonly onExpired: (group: ExpiredGroup) => void;
}

interface JanitorRules {
  readonly teams: readonly Pick<TeamSpec, 'name' | 'groupTtl'>[];
  readonly policy: Pick<Policy, 'team' | 'ownerOf'>;
}

/** Groups of the log line. */
const MAX_NAMED = 10;
/** In which statuses of the upstream are about one group, and not about all. */
const isAboutOne = (status: number): boolean => status >= 400 && status < 500;

/**
 * Deletes every group that is older than the rules of its owner say, each looked at again right
 * before. It reads the store first, so that a push past the gateway counts, and ends without harm
 * when the upstream or the audit log fails. Never rejects.
 */
export async function runJanitor(run: JanitorRun): Promise<ExpiryRun> {
  const counts = { due: 0, deleted: 0, kept: 0, refused: 0 };
  const named: GroupId[] = [];
  let endedEarly: string | undefined;
  try {
    if (run.isOver() !== undefined || listDue(run).length === 0) return { ...counts, endedEarly };
    if (await run.followed.renew()) {
      const due = listDue(run);
      counts.due = due.length;
      named.push(...due.slice(0, MAX_NAMED));
      endedEarly = run.isDryRun ? listOnly(run, due) : await deleteAll(run, due, counts);
    } else {
      endedEarly = AWAY;
    }
  } catch (error) {
    endedEarly = messageOf(error);
  }
  const more = counts.due - named.length;
  const fields = {
    dry_run: run.isDryRun,
    ...counts,
    groups: named,
    ...(more > 0 && { more_groups: more }),
    ...(endedEarly !== undefined && { ended_early: endedEarly }),
  };
  if (endedEarly !== undefined || counts.refused > 0) run.log.warn('groups_expired', fields);
  else if (counts.due > 0) run.log.info('groups_expired', fields);
  return { ...counts, endedEarly };
}

/** What is due now; a group that no path can name is out of reach. */
function listDue(run: JanitorRun): readonly GroupId[] {
  const teams = run.rules().teams.filter(({ groupTtl }) => groupTtl.length > 0);
  if (teams.length === 0) return [];
  const isDue = dueNow(run);
  const due: GroupId[] = [];
  for (const { name } of teams) {
    for (const group of run.followed.store.groups({ team: name })) {
      if (isDue(group) && targetOf(group) !== undefined) due.push(group.id);
    }
  }
  return due;
}

/** By the rules of its owner in the configuration in use, and by the time that it is now. */
function dueNow({ rules, followed }: JanitorRun): (group: StoredGroup) => boolean {
  const { policy, teams } = rules();
  const longest = teams.flatMap(({ groupTtl }) => groupTtl.map(({ ttlMs }) => ttlMs));
  const now = followed.expiryTime.now(longest.reduce((one, other) => Math.max(one, other), 0));
  return (group) => {
    const { owner } = group;
    if (owner === undefined || !policy.team(owner)?.expiry.isDue(group, now)) return false;
    // after a reload the store learns its owners a little later
    return policy.ownerOf(group.key)?.name === owner;
  };
}

function listOnly(run: JanitorRun, due: readonly GroupId[]): undefined {
  for (const id of due) {
    const group = run.followed.store.group(id);
    if (group !== undefined) run.onExpired(describe(run, group));
  }
}

/** @returns why it ended early */
async function deleteAll(
  run: JanitorRun,
  due: readonly GroupId[],
  counts: { deleted: number; kept: number; refused: number },
): Promise<string | undefined> {
  const { clock, rate, isOver, pause } = run;
  const stepMs = rate.perMs / rate.count;
  let next = clock.monotonic();
  for (const id of due) {
    if (next > clock.monotonic()) await pause(next - clock.monotonic());
    const over = isOver();
    if (over !== undefined) return over;
    const end = await deleteOne(run, id);
    if (end === 'deleted' || end === 'kept' || end === 'refused') counts[end] += 1;
    else return end.problem;
    if (end !== 'kept') next = Math.max(next, clock.monotonic() - stepMs) + stepMs;
  }
  return undefined;
}

type Deletion = 'deleted' | 'kept' | 'refused' | { readonly problem: string };

async function deleteOne(run: JanitorRun, id: GroupId): Promise<Deletion> {
  const requestId = run.newRequestId();
  const beganAt = run.clock.monotonic();
  let group: ExpiredGroup | undefined;
  const end = await run.followed.expire(id, {
    isDue: (found) => dueNow(run)(found),
    async announce(found) {
      group = describe(run, found);
      await run.audit.append(renderExpired(group, requestId));
    },
    remove: () => run.send(renderOwnDelete(run, id, requestId)),
  });
  if (end.kind === 'kept') return 'kept';
  if (end.kind === 'away') return { problem: AWAY };
  const decision = end.kind === 'sent' && judgeOutcome('DELETE', end.outcome).decision;
  if (decision && decision.effect === 'allow' && group !== undefined) run.onExpired(group);
  const tookMs = run.clock.monotonic() - beganAt;
  await run.audit.append(renderOutcome(requestId, describeEnd(end), tookMs));
  if (end.kind === 'called_off' || !decision) return 'kept';
  if (decision.effect === 'allow') return 'deleted';
  const isRefused = end.outcome.kind === 'answered' && isAboutOne(end.outcome.status);
  return isRefused ? 'refused' : { problem: `${decision.reason}: ${decision.internal}` };
}

function describe({ followed }: JanitorRun, group: StoredGroup): ExpiredGroup {
  const { id, key, owner = '', pushedAt, failedAt, series } = group;
  const last = Math.max(pushedAt ?? 0, failedAt ?? 0);
  return {
    id,
    team: owner,
    job: key.job,
    groupingKey: labelsByName(key.labels),
    ageSeconds: Math.round((followed.expiryTime.now(Number.POSITIVE_INFINITY) - last) / 1000),
    series,
  };
}

function renderExpired(group: ExpiredGroup, requestId: string): AuditEvent {
  const { id, team, job, groupingKey, ageSeconds, series } = group;
  return {
    event: 'expired',
    request_id: requestId,
    by: 'janitor',
    team,
    target: id,
    job,
    grouping_key: groupingKey,
    age_seconds: ageSeconds,
    series,
  };
}

function describeEnd(
  end: Extract<ExpiryEnd, { kind: 'sent' | 'called_off' | 'kept' | 'away' }>,
): OutcomeFacts {
  if (end.kind !== 'sent') return { status: 'rejected' };
  const { status, errorKind } = judgeOutcome('DELETE', end.outcome);
  return {
    status,
    ...(end.outcome.kind === 'answered' && { upstream_status: end.outcome.status }),
    ...(errorKind && { reason: errorKind }),
  };
}
