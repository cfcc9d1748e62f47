import type { GroupId } from '../core/store/group.ts';
import type { PushEnd } from '../core/store/group-store.ts';

/**
 * Tells which groups are there only because Pushgateway refused a push: it notes the time of the
 * refusal in the group, and makes one for it.
 * @see pushgateway `storage/diskmetricstore.go`, `setPushFailedTimestamp`
 */
export interface LeftBehind {
  /** Notes a push that is claimed. */
  begin(id: GroupId, existed: boolean): void;
  /** Notes how it ended. */
  end(id: GroupId, end: PushEnd): void;
  /** Whether refused pushes alone have made the group, none is under way, and nobody has asked yet. */
  take(id: GroupId): boolean;
  /** Whether a push to the group is under way. */
  isAwaited(id: GroupId): boolean;
}

interface UnderWay {
  count: number;
  /** The group was there, or may have come with another push. */
  existed: boolean;
  wasRejected: boolean;
}

/** Ends after which a group may hold something. */
const MAY_HOLD: ReadonlySet<PushEnd> = new Set(['stored', 'unknown']);

export function createLeftBehind(): LeftBehind {
  const underWay = new Map<GroupId, UnderWay>();
  const left = new Set<GroupId>();
  return {
    begin(id, existed) {
      const others = underWay.get(id);
      if (others === undefined) {
        const wasRejected = left.size > 0 && left.delete(id);
        underWay.set(id, { count: 1, existed: existed && !wasRejected, wasRejected });
      } else {
        others.count += 1;
      }
    },
    end(id, end) {
      const pushes = underWay.get(id);
      if (pushes === undefined) return;
      pushes.count -= 1;
      if (MAY_HOLD.has(end)) pushes.existed = true;
      if (end === 'rejected') pushes.wasRejected = true;
      if (pushes.count > 0) return;
      underWay.delete(id);
      if (pushes.wasRejected && !pushes.existed) left.add(id);
    },
    take: (id) => left.delete(id),
    isAwaited: (id) => underWay.has(id),
  };
}
