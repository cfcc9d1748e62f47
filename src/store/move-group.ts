import type { AuditEvent } from '../core/audit/audit-record.ts';
import { renderOutcome } from '../core/audit/outcome-event.ts';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import type { GroupContent } from '../core/store/group-content.ts';
import type { GroupClaim, PushEnd } from '../core/store/group-store.ts';
import type { MoveEnd } from '../core/store/rebalance-run.ts';
import { type Judgement, judgeOutcome } from '../core/store/upstream-outcome.ts';
import { renderOwnDelete } from './own-delete.ts';
import type { Move, RebalancedStore, RebalanceOptions, RebalanceProgress } from './plan-move.ts';

/** A group with what is to be sent of it; without, where only old copies are to go. */
export interface Carrying {
  readonly move: Move;
  readonly content?: GroupContent;
}

/** A group that is where it belongs, and elsewhere too. */
export interface Carried extends Carrying {
  readonly requestId: string;
  readonly beganAt: number;
  /** Of what was sent. */
  readonly claim?: GroupClaim;
  /** What was answered to it. */
  readonly status: number;
  /** What was there of an earlier move, before. */
  readonly before: { readonly pushedAt: number | undefined } | undefined;
}

/** For each MiB of a body, beyond the timeout of its upstream. */
const MS_PER_MIB = 1000;
const MIB = 1024 * 1024;

/**
 * Writes down that a group is moved, and sends it to where it belongs. Nobody pushes to it.
 * @returns undefined when it is not there, and that was told
 */
export async function copyGroup(
  options: RebalanceOptions,
  carrying: Carrying,
  progress: RebalanceProgress,
): Promise<Carried | undefined> {
  const { audit, clock, newRequestId } = options;
  const { move, content } = carrying;
  const { group, home, source } = move;
  const problem = progress.problems.get(home);
  if (problem !== undefined) {
    progress.end({ ...group, end: 'kept', detail: problem });
    return undefined;
  }
  const there = home.followed.store.group(group.id);
  const before = there && { pushedAt: there.pushedAt };
  const common = { ...carrying, requestId: newRequestId(), beganAt: clock.monotonic(), before };
  await audit.append(renderMoved(move, common.requestId));
  if (content === undefined) return { ...common, status: 202 };
  const claim = await home.followed.store.claim({
    target: { canonical: group.id, key: content.key },
    team: group.team ?? '',
    credential: source.followed.store.group(group.id)?.credential,
    method: 'PUT',
    content: { families: content.families },
    isMove: true,
    at: clock.now(),
  });
  if (claim.effect === 'deny') {
    await recordEnd(options, common, 'rejected');
    progress.end({
      ...group,
      end: 'refused',
      detail: joinParts(claim.reason, claim.detail, claim.internal),
    });
    return undefined;
  }
  const { isCurrent } = claim.value;
  const outcome = await home.send({
    ...{ method: 'PUT', path: group.id, contentType: CONTENT_TYPES.protobuf },
    ...{ body: content.body, requestId: common.requestId, isCurrent },
    deadline: clock.monotonic() + home.timeoutMs + (content.body.length / MIB) * MS_PER_MIB,
  });
  const { decision, end } = judgeOutcome('PUT', outcome);
  const carried = { ...common, claim: claim.value };
  if (decision.effect === 'allow') return { ...carried, status: decision.value };
  const detail = joinParts(decision.reason, decision.internal);
  const isAboutOne = end === 'rejected';
  if (!isAboutOne) progress.problems.set(home, detail);
  const why = { end: isAboutOne ? 'refused' : 'kept', detail } as const;
  await takeBack(options, { ...carried, status: 0 }, why, progress, end);
  return undefined;
}

/** Deletes a group from where it does not belong; pushes go to the other one then. */
export async function finishMove(
  options: RebalanceOptions,
  carried: Carried,
  { problems, end }: RebalanceProgress,
): Promise<void> {
  const { move, claim } = carried;
  const { group, others } = move;
  const deletions = await Promise.all(
    others.map(async (store) => {
      const deletion = await store.followed.store.claimDelete(group.id);
      const judged = await deleteFrom(store, options, carried);
      return { store, deletion, judged };
    }),
  );
  // in one step: nobody finds it in both, or in none
  await Promise.all([
    ...deletions.map(({ deletion, judged }) => deletion.settle(judged.end)),
    claim?.settle('stored'),
  ]);
  const failed = deletions.find(({ judged }) => judged.decision.effect === 'deny');
  if (failed?.judged.decision.effect === 'deny') {
    const { reason, internal } = failed.judged.decision;
    const detail = joinParts(reason, internal);
    problems.set(failed.store, detail);
    await recordEnd(options, carried, 'unknown');
    end({ ...group, end: 'copied', detail });
    return;
  }
  await recordEnd(options, carried, carried.status);
  end({ ...group, end: 'moved' });
}

/** Ends a move whose group stays where it was: what was sent of it goes, unless one was there before. */
export async function takeBack(
  options: RebalanceOptions,
  carried: Carried,
  { end, detail }: { readonly end: MoveEnd; readonly detail: string },
  progress: RebalanceProgress,
  sent: PushEnd = 'stored',
): Promise<void> {
  const { move, claim, before } = carried;
  const { group, home } = move;
  const isToGo = sent !== 'refused' && before === undefined;
  const isGone = isToGo && (await deleteFrom(home, options, carried)).end === 'stored';
  // Of what may come to be stored yet the next reading knows. Here it would take the pushes.
  await claim?.settle(sent === 'rejected' && !isGone ? sent : 'refused');
  await recordEnd(options, carried, isToGo && !isGone ? 'unknown' : 'rejected');
  progress.end({ ...group, end, detail });
}

async function deleteFrom(
  { send, timeoutMs }: RebalancedStore,
  { clock }: RebalanceOptions,
  { move, requestId }: Carried,
): Promise<Judgement> {
  return judgeOutcome(
    'DELETE',
    await send(renderOwnDelete({ clock, timeoutMs }, move.group.id, requestId)),
  );
}

function joinParts(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join(': ');
}

function renderMoved({ group }: Move, requestId: string): AuditEvent {
  const { id, team, job, groupingKey, from, to, series } = group;
  return {
    event: 'moved',
    request_id: requestId,
    by: 'rebalance',
    ...(team !== undefined && { team }),
    target: id,
    job,
    grouping_key: groupingKey,
    ...{ from, to, series },
  };
}

async function recordEnd(
  { audit, clock }: RebalanceOptions,
  { requestId, beganAt }: Pick<Carried, 'requestId' | 'beganAt'>,
  status: number | 'rejected' | 'unknown',
): Promise<void> {
  await audit.append(renderOutcome(requestId, { status }, clock.monotonic() - beganAt));
}
