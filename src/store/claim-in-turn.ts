import { setTimeout as delay } from 'node:timers/promises';
import { allow, type Decision, type Deny } from '../core/decision.ts';
import { andFinally, andThen, type MaybePromise } from '../core/maybe-promise.ts';
import type { Reason } from '../core/reason.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim, GroupPush, GroupStore, PushEnd } from '../core/store/group-store.ts';
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
  /** Told the team of each push that is refused for a collision of hashes. */
  readonly onCollision: (team: string) => void;
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

/** A push in its turn, which others wait for until it has left. */
interface Turn {
  readonly push: GroupPush;
  readonly isCurrent: () => boolean;
  readonly leave: () => void;
}

/**
 * Claims for a push: from its turn until it is settled, nothing else deletes the group; and before it
 * is refused for what is stored, that is read once more.
 */
export function createClaimInTurn(options: ClaimOptions): GroupStore['claim'] {
  const { model, turns, mayBeStale, watchUpstream, read, onCollision } = options;

  const claimAnew = async (push: GroupPush, refusal: Deny): Promise<Decision<GroupClaim>> => {
    if (!READ_BEFORE.has(refusal.reason) || !mayBeStale()) return refusal;
    const isRead = await Promise.race([read(), delay(REFRESH_WAIT_MS, false, { ref: false })]);
    await turns.whenLeft(push.target.canonical); // it may have begun meanwhile
    return isRead ? await model.claim(push) : refusal;
  };

  /** The claim of a push that has to wait for it, or may be refused. */
  const claimLater = async (
    turn: Turn,
    first: MaybePromise<Decision<GroupClaim>>,
  ): Promise<Decision<GroupClaim>> => {
    const { push, leave } = turn;
    try {
      let claim = await first;
      if (claim.effect === 'deny') claim = await claimAnew(push, claim);
      if (claim.effect === 'allow') return allow(new ClaimInTurn(options, turn, claim.value));
      if (claim.isCollision) onCollision(push.team);
      leave();
      return claim;
    } catch (error) {
      leave();
      throw error;
    }
  };

  const claim = (push: GroupPush): MaybePromise<Decision<GroupClaim>> => {
    const leave = turns.enterPush(push.target.canonical);
    try {
      const turn = { push, leave, isCurrent: watchUpstream() };
      const first = model.claim(push);
      return first instanceof Promise || first.effect === 'deny'
        ? claimLater(turn, first)
        : allow(new ClaimInTurn(options, turn, first.value));
    } catch (error) {
      leave();
      throw error;
    }
  };

  const claimAfterRemoval = async (push: GroupPush): Promise<Decision<GroupClaim>> => {
    const { canonical: id } = push.target;
    while (turns.isRemoved(id)) await turns.whenLeft(id);
    return await claim(push);
  };

  return (push) => {
    return turns.isRemoved(push.target.canonical) ? claimAfterRemoval(push) : claim(push);
  };
}

/** The claim of the model, of whose end all are told who keep off the group meanwhile. */
class ClaimInTurn implements GroupClaim {
  readonly adopted: GroupClaim['adopted'];
  readonly isCurrent: () => boolean;
  readonly #options: Pick<ClaimOptions, 'turns' | 'leftBehind'>;
  readonly #leaveTurn: () => void;
  readonly #claim: GroupClaim;
  readonly #id: GroupId;
  readonly #noteEnd: (end: PushEnd) => void;
  #isOver = false;

  constructor(options: ClaimOptions, { push, isCurrent, leave }: Turn, claim: GroupClaim) {
    const { model, leftBehind, stampCheck } = options;
    const { canonical } = push.target;
    const known = model.group(canonical);
    this.adopted = claim.adopted;
    this.isCurrent = isCurrent;
    this.#options = options;
    this.#leaveTurn = leave;
    this.#claim = claim;
    this.#id = known?.id ?? canonical; // the text that the model has already
    this.#noteEnd = stampCheck.notePush(this.#id);
    leftBehind.begin(this.#id, known !== undefined);
  }

  settle(end: PushEnd): MaybePromise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const settling = andFinally(
      () => this.#claim.settle(end),
      () => this.#leave(end),
    );
    return andThen(settling, () => this.#note(end));
  }

  #leave(end: PushEnd): void {
    if (end === 'unknown') this.#options.turns.noteUndecided(this.#id);
    this.#leaveTurn();
  }

  #note(end: PushEnd): void {
    this.#noteEnd(end);
    this.#options.leftBehind.end(this.#id, end);
  }
}
