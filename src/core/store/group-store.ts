import type { Decision, Deny } from '../decision.ts';
import type { FamilyContent, PushContent, PushedFamily } from '../exposition/push-content.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { PushTarget } from '../target/push-target.ts';
import type { GroupId, StoredGroup } from './group.ts';
import type { Ownership } from './ownership.ts';

/**
 * The model of what one Pushgateway holds: kept from every push and delete, and read again when
 * something else may have changed it. It finds what would be inconsistent before it goes upstream,
 * because a push that Pushgateway refuses leaves a group behind, and one that it takes unchecked
 * ends the scrape for everybody.
 *
 * Held at all times: what Pushgateway holds, together with every push that is claimed and not
 * settled, in whatever order they end, is consistent. The store may be remote: claims and their
 * ends are asynchronous, and a claim that nobody settles ends by itself as `unknown`.
 * @see pushgateway `storage/diskmetricstore.go`, `processWriteRequest`
 */
export interface GroupStore {
  /**
   * Claims what a push brings, before it is sent. Allowed: until the claim is settled no other
   * group gets what would be inconsistent with it, and quotas count it. Denied: nothing changed.
   * Costs by the push alone, whatever is stored. Ends in `inconsistent`, in `body_invalid` where the
   * store cannot keep what it holds, or in `group_`, `series_` or `bytes_quota_exceeded`.
   */
  claim(push: GroupPush): MaybePromise<Decision<GroupClaim>>;
  /**
   * Claims the deletion of a group, before it is sent; always possible, also of a group that is not
   * known. Until it is settled the group counts as it was.
   */
  claimDelete(group: GroupId): Promise<GroupClaim>;
  /**
   * The same for a deletion by the gateway itself: undefined while anything is on its way to the
   * group. Until it is settled nothing else begins. Left out by a store that no other gateway
   * shares: there who deletes sees to that.
   */
  claimRemoval?(group: GroupId): Promise<GroupClaim | undefined>;
  /**
   * Begins to read the store anew. A reading that began before is over: it changes nothing any more.
   */
  startReading(): StoreReading;
  /** One group, with what is on its way to it left out; undefined if the model has none. */
  group(id: GroupId): StoredGroup | undefined;
  /**
   * The groups that match, in no order. The iteration copies nothing and may be gone on with after
   * an await: what comes or goes meanwhile may be in it or not.
   */
  groups(filter?: GroupFilter): Iterable<StoredGroup>;
  /** What a team owns, what is on its way to the store left out; zeros for an unknown team. */
  totals(team: string): GroupTotals;
  /**
   * The families that the store holds, by name, and how many lines of a scrape each has; what is on
   * its way to it left out. Costs by the names, however many groups have them.
   */
  familyLines(): ReadonlyMap<string, number>;
  /** How many groups there are, what is on its way to the store left out. */
  size(): number;
  /**
   * Why more is noted of some groups than they may have, so that a push can be refused wrongly;
   * undefined if there is none. It lasts until what is noted of them is read, replaced or deleted.
   */
  doubt(): Doubt | undefined;
  /**
   * Puts another configuration's owners in place of those in use. When it resolves every group has
   * its new owner, and totals and quotas go by them; until then a group has the one or the other.
   */
  assignOwners(ownership: Ownership): Promise<void>;
}

/**
 * Why nobody knows what a group has:
 * - `order`: what was sent to it overlapped, all of it has ended, and any of it may have come last;
 * - `end`: something ended as `unknown`, and the store may take it yet.
 */
export type Doubt = 'order' | 'end';

/** Which groups are asked for; what is left out matches every group. */
export interface GroupFilter {
  /** The owner. */
  readonly team?: string;
  /** The job exactly. */
  readonly job?: string;
}

/** Sums over groups. */
export interface GroupTotals {
  readonly groups: number;
  readonly series: number;
  readonly bytes: number;
}

/** A push on its way to the store. */
export interface GroupPush {
  readonly target: PushTarget;
  readonly team: string;
  /** Undefined where nobody knows any more. */
  readonly credential: string | undefined;
  /** PUT takes the place of the whole group, POST that of the families that it has. */
  readonly method: 'PUT' | 'POST';
  readonly content: Pick<PushContent, 'families'>;
  /** Whether a refusal for a quota is passed over, as it is of a team that is only observed. */
  readonly passes?: (refusal: Deny) => boolean;
  /** Whether `passes` passes over quotas: for those who cannot ask it. */
  readonly isObserved?: boolean;
  /**
   * The group comes from another store that goes by the same quotas, and nothing else is on its way
   * to it: nobody has more than before.
   */
  readonly isMove?: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * How a push or delete ended:
 * - `stored`: the store holds it, a deleted group is gone;
 * - `refused`: nothing in the store changed, it was not sent or not taken;
 * - `rejected`: the store refused its content and noted so in the group, which may be new;
 * - `unknown`: the store may hold what was before, or this, or both, and may change yet.
 */
export type PushEnd = 'stored' | 'refused' | 'rejected' | 'unknown';

/** A push or delete until the store has answered. */
export interface GroupClaim {
  /**
   * Families that the body leaves untyped and that are stored with a type: they are claimed with
   * it, so that a `# TYPE` line with it must be in what is sent.
   */
  readonly adopted: readonly PushedFamily[];
  /**
   * Whether the store that it was held against still answers, asked before it is sent, and again once
   * there is a connection for it; false once the upstream has ended a connection, and may have started
   * anew with something else. Without it: always.
   */
  readonly isCurrent?: (() => boolean) | undefined;
  /**
   * To be called once it has ended; a later call does nothing. When it resolves, the model has what
   * the store now has: of several pushes to one group that were under way at the same time, what
   * each of them may have left.
   */
  settle(end: PushEnd): MaybePromise<void>;
}

/** Keeps apart what changes while the store is read. */
export interface StoreReading extends Disposable {
  /**
   * Resolves when it has begun: what is read of the store sooner may lack what was pushed meanwhile.
   * Rejects when it cannot begin.
   */
  begun(): Promise<void>;
  /**
   * Puts groups that were read in the place of what was noted of them, but for claims and for groups
   * that changed since the reading began: nobody has to hold a whole store. Others go on in the
   * middle of it. Does nothing once the reading is over.
   */
  add(groups: readonly ReadGroup[]): Promise<void>;
  /** What was added so far is all to come again. */
  restart(): void;
  /**
   * Adds the groups that are left, and takes away those that were noted and not read. Does nothing
   * once the reading is over.
   * @returns what was different though no push or delete through this store explains it; undefined
   * if the reading was over
   */
  finish(contents: StoreContents): Promise<ForeignChanges | undefined>;
}

/** A store as it was read. */
export interface StoreContents {
  /** Those that have not been added yet. */
  readonly groups: readonly ReadGroup[];
  /** Families that are in no group: what Pushgateway says of itself. */
  readonly own: readonly FamilyContent[];
  /** Whether it keeps native histograms and passes them on. */
  readonly keepsNative: boolean;
}

/** A group as it was read from the store. */
export interface ReadGroup {
  readonly id: GroupId;
  readonly key: GroupingKey;
  readonly families: readonly FamilyContent[];
  /** Milliseconds since the epoch, as `push_time_seconds` has it; undefined if it is 0 or absent. */
  readonly pushedAt: number | undefined;
  /** The same for `push_failure_time_seconds`. */
  readonly failedAt: number | undefined;
}

/** Groups that somebody else put there, took away, or pushed to. */
export interface ForeignChanges {
  readonly counts: Readonly<Record<ForeignChange['change'], number>>;
  /** The first ones. */
  readonly named: readonly ForeignChange[];
}

/** What somebody else did to one group. */
export interface ForeignChange {
  readonly group: GroupId;
  readonly change: 'appeared' | 'vanished' | 'changed';
}
