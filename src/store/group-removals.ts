import type { GroupId, StoredGroup } from '../core/store/group.ts';
import type { GroupClaim, GroupStore } from '../core/store/group-store.ts';
import { judgeOutcome, type UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { ExpireGroup, ExpiryEnd, FollowedStore } from './followed-store.ts';
import type { GroupTurns } from './group-turns.ts';
import type { LeftBehind } from './left-behind.ts';

/** How the gateway itself deletes groups: those that a refused push left behind, and old ones. */
type GroupRemovals = Pick<FollowedStore, 'tidy' | 'expire'>;

interface RemovalOptions {
  readonly model: Pick<GroupStore, 'group' | 'claimRemoval'>;
  readonly turns: GroupTurns;
  readonly leftBehind: LeftBehind;
  /** Whether the upstream is there, and what it holds is known. */
  readonly isReady: () => boolean;
  /** Whether the model was seen to be right just now. */
  readonly isLookedAt: () => boolean;
  /** Reads the store, after a reading that is under way, which may have begun too early. */
  readonly readAnew: () => Promise<boolean>;
  /** @see FollowedStore.renew */
  readonly renew: () => Promise<boolean>;
  readonly claimDelete: (id: GroupId) => Promise<GroupClaim>;
}

/** Whether there is nothing in a group but the time of a refusal. */
function isLeft(group: StoredGroup | undefined): boolean {
  return group !== undefined && group.pushedAt === undefined && group.families.length === 0;
}

export function createGroupRemovals(options: RemovalOptions): GroupRemovals {
  const { model, turns, leftBehind, isReady, isLookedAt, readAnew, renew, claimDelete } = options;

  /** Where other gateways push too, not while they do. */
  const claimAlone = (id: GroupId): Promise<GroupClaim | undefined> =>
    model.claimRemoval === undefined ? claimDelete(id) : model.claimRemoval(id);

  /** Reads first: somebody else may have pushed to the group past the gateway. */
  const tidyInTurn = async (
    id: GroupId,
    remove: () => Promise<UpstreamOutcome>,
  ): Promise<boolean> => {
    if (!(await readAnew()) || leftBehind.isAwaited(id)) return false;
    if (!isLeft(model.group(id))) return false;
    const claim = await claimAlone(id);
    if (claim === undefined) return false;
    if (!isLeft(model.group(id))) {
      await claim.settle('refused');
      return false;
    }
    const { end } = judgeOutcome('DELETE', await remove());
    await claim.settle(end);
    return end === 'stored';
  };

  const expireInTurn = async (
    id: GroupId,
    { isDue, announce, remove }: ExpireGroup,
  ): Promise<ExpiryEnd> => {
    const isStillDue = (): boolean => {
      const group = model.group(id);
      return group !== undefined && isDue(group);
    };
    const group = model.group(id);
    if (group === undefined || !isDue(group)) return { kind: 'kept' };
    await announce(group);
    if (!isReady() || !isStillDue()) return { kind: 'called_off' };
    const claim = await claimAlone(id);
    if (claim === undefined) return { kind: 'called_off' };
    if (!isStillDue()) {
      await claim.settle('refused');
      return { kind: 'called_off' };
    }
    const outcome = await remove();
    await claim.settle(judgeOutcome('DELETE', outcome).end);
    return { kind: 'sent', outcome };
  };

  return {
    async tidy(id, remove) {
      if (!leftBehind.take(id)) return false;
      return await turns.remove(id, () => tidyInTurn(id, remove));
    },
    async expire(id, steps) {
      if (!isReady()) return { kind: 'away' };
      if (!isLookedAt() && !(await renew())) return { kind: 'away' };
      if (turns.isInUse(id)) return { kind: 'kept' };
      return await turns.remove(id, () => expireInTurn(id, steps));
    },
  };
}
