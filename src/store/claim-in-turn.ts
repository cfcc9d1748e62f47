import { setTimeout as delay } from 'node:timers/promises';
import { allow, type Decision, type Deny } from '../core/decision.ts';
import type { Reason } from '../core/reason.ts';
import type { GroupClaim, GroupPush, GroupStore } from '../core/store/group-store.ts';
import type { GroupTurns } from './group-turns.ts';
import type { LeftBehind } from './left-behind.ts';
import type { StampCheck } from './stamp-check.ts';

interface ClaimOptions {
  readonly model: Pick<GroupStore, 'claim' | 'group'>;
  readonly turns: GroupTurns;
  readonly leftBehind: LeftBehind;
  readonly stampCheck: StampCheck;
  /** Whether another reading could say something else. */
  readonly mayBeStale: () => boolean;
  /** Tells from now on whether the upstream that the model is of still answers. */
  readonly watchUpstream: () => () => boolean;
  /** Reads the store; false when that cannot be. */
  readonly read: () => Promise<boolean>;
}

/** After which a push that waits for another reading is refused for what is known. */
const REFRESH_WAIT_MS = 10_000;

/** Reasons that another reading may take away. */
const READ_BEFORE: ReadonlySet<Reason> = new Set([
  'inconsistent',
  'body_invalid',
  'group_quota_exceeded',
  'series_quota_exceeded',
  'bytes_quota_exceeded',
]);

/**
 * Claims for a push: from its turn until it is settled, nothing else deletes the group; and before it
 * is refused for what is stored, that is read once more.
 */
export function createClaimInTurn(options: ClaimOptions): GroupStore['claim'] {
  const { model, turns, leftBehind, stampCheck, mayBeStale, watchUpstream, read } = options;

  const claimAnew = async (push: GroupPush, refusal: Deny): Promise<Decision<GroupClaim>> => {
    if (!READ_BEFORE.has(refusal.reason) || !mayBeStale()) return refusal;
    const isRead = await Promise.race([read(), delay(REFRESH_WAIT_MS, false, { ref: false })]);
    await turns.whenLeft(push.target.canonical); // it may have begun meanwhile
    return isRead ? await model.claim(push) : refusal;
  };

  const watch = (
    { target }: GroupPush,
    claim: GroupClaim,
    isCurrent: () => boolean,
    leave: () => void,
  ): GroupClaim => {
    const known = model.group(target.canonical);
    const id = known?.id ?? target.canonical; // the text that the model has already
    let isOver = false;
    const noteEnd = stampCheck.notePush(id);
    leftBehind.begin(id, known !== undefined);
    const settle: GroupClaim['settle'] = async (end) => {
      if (isOver) return;
      isOver = true;
      try {
        await claim.settle(end);
      } finally {
        if (end === 'unknown') turns.noteUndecided(id);
        leave();
      }
      noteEnd(end);
      leftBehind.end(id, end);
    };
    return { adopted: claim.adopted, isCurrent, settle };
  };

  return async (push) => {
    const { canonical: id } = push.target;
    while (turns.isRemoved(id)) await turns.whenLeft(id);
    const leave = turns.enterPush(id);
    try {
      const isCurrent = watchUpstream();
      let claim = await model.claim(push);
      if (claim.effect === 'deny') claim = await claimAnew(push, claim);
      if (claim.effect === 'allow') return allow(watch(push, claim.value, isCurrent, leave));
      leave();
      return claim;
    } catch (error) {
      leave();
      throw error;
    }
  };
}
