import type { GroupId, StoredGroup } from '../core/store/group.ts';
import type { GroupContent } from '../core/store/group-content.ts';
import { targetOf } from '../core/store/group-listing.ts';
import type { MisplacedGroup, MovedGroup } from '../core/store/rebalance-run.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
import type { UpstreamSender } from '../pipeline/ports/upstream.ts';
import type { AuditLog, Clock } from '../pipeline/ports.ts';
import type { FollowedStore } from './followed-store.ts';
import type { GroupGate } from './group-gate.ts';

/** A Pushgateway that groups come from or go to. */
export interface RebalancedStore {
  readonly name: string;
  readonly followed: Pick<FollowedStore, 'store' | 'renew' | 'reader' | 'isReady'>;
  readonly send: UpstreamSender['send'];
  readonly timeoutMs: number;
}

export interface RebalanceOptions {
  /** In the order of the configuration. */
  readonly stores: readonly RebalancedStore[];
  /** Where a group belongs that lies there; undefined where it may stay. */
  readonly homeOf: (group: StoredGroup, at: RebalancedStore) => RebalancedStore | undefined;
  readonly gate: Pick<GroupGate, 'hold'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly isDryRun: boolean;
  readonly newRequestId: () => string;
  readonly isOver: () => string | undefined;
  /** Nothing else that changes which Pushgateways there are is done meanwhile. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onMoved: (group: MovedGroup) => void;
}

/** One group that is to be moved. */
export interface Move {
  readonly group: MisplacedGroup;
  /** Which has what was pushed last: it may be where the group belongs, and others have old copies. */
  readonly source: RebalancedStore;
  readonly home: RebalancedStore;
  /** All others that have it. */
  readonly others: readonly RebalancedStore[];
}

/** What came of a run so far. */
export interface RebalanceProgress {
  /** Of stores that have failed: nothing more is done there. */
  readonly problems: Map<RebalancedStore, string>;
  readonly end: (group: MovedGroup) => void;
  /** Told of one that was to be moved, and need not be any more. */
  readonly noteGone: () => void;
}

/** Undefined for a group that is where it belongs, that no path can name, or that is gone. */
export function planMove(
  { stores, homeOf }: Pick<RebalanceOptions, 'stores' | 'homeOf'>,
  id: GroupId,
): Move | undefined {
  const holders = stores.flatMap((store) => {
    const stored = store.followed.store.group(id);
    return stored === undefined ? [] : [{ store, stored, pushedAt: stored.pushedAt ?? 0 }];
  });
  const latest = Math.max(...holders.map(({ pushedAt }) => pushedAt));
  const newest = holders.filter(({ pushedAt }) => pushedAt === latest);
  const [first] = newest;
  if (first === undefined || targetOf(first.stored) === undefined) return undefined;
  const home = homeOf(first.stored, first.store);
  if (home === undefined) return undefined;
  const { store: source, stored } = newest.find(({ store }) => store === home) ?? first;
  const others = holders.map(({ store }) => store).filter((store) => store !== home);
  const [away] = others;
  if (away === undefined) return undefined;
  const { owner, key, series } = stored;
  const from = source === home ? away : source;
  const group: MisplacedGroup = {
    ...{ id, team: owner, job: key.job, groupingKey: labelsByName(key.labels) },
    ...{ from: from.name, to: home.name, series },
  };
  return { group, source, home, others };
}

/**
 * Reads what some groups of a store hold; those that are not there are left out.
 * @param hasBodies - whether also what puts them into another store
 */
export async function readContents(
  { followed }: RebalancedStore,
  ids: readonly GroupId[],
  hasBodies: boolean,
): Promise<ReadonlyMap<GroupId, GroupContent>> {
  const contents = (await followed.reader()?.contents(ids, hasBodies)) ?? [];
  return new Map(contents.map((content) => [content.id, content]));
}
