import type { Decision } from '../core/decision.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { GroupId, StoredGroup } from '../core/store/group.ts';
import type { GroupStore, StoreContents } from '../core/store/group-store.ts';
import type { UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { WholeReading } from '../core/store/whole-reading.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { ExpiryTime } from './expiry-time.ts';
import type { SharedGroupStore } from './shared-store.ts';

/** A store that is kept true to what Pushgateway holds. Nothing else reads it. */
export interface FollowedStore {
  /** Before it refuses a push for what it knows, it makes sure that this is still so. */
  readonly store: GroupStore;
  /** Whether a push could be taken: the upstream is there, and what it holds is known. */
  isReady(): boolean;
  /** The same; but one that comes while the store is read anew for another gateway waits. */
  takesPushes(): boolean;
  /** Whether it is away, and what it held then is known. */
  isAwayButKnown(): boolean;
  /** Takes what is given for what an upstream holds that is away, until that can be read. */
  suppose(contents: StoreContents): Promise<void>;
  /**
   * Waits for the first reading. Ends in `overloaded` when that takes longer, in
   * `upstream_unreachable` or `upstream_invalid` when there is nothing to read.
   */
  whenKnown(waitMs: number): MaybePromise<Decision<undefined>>;
  /**
   * Sees whether the upstream is there and still the one that was read. Never rejects.
   * @returns whether it is there, and what it holds is known
   */
  probe(): Promise<boolean>;
  /**
   * Scrapes it, and sees whether somebody else has changed it. Never rejects.
   * @returns whether there was anything to compare with
   */
  poll(): Promise<boolean>;
  /** Hears that a connection has ended: what answers from now on may have started anew. */
  noteDisconnect(): void;
  /** Hears what came of a push: an upstream that could not be reached is away from that moment. */
  noteOutcome(outcome: UpstreamOutcome): void;
  /** @see `Upstream.tidy` */
  tidy(id: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean>;
  /**
   * Looks anew at the upstream and reads it whole, so that what is deleted is known as it is now.
   * @returns false when that cannot be
   */
  renew(): Promise<boolean>;
  /** Deletes one group for its age. */
  expire(id: GroupId, steps: ExpireGroup): Promise<ExpiryEnd>;
  /** By which groups grow old. */
  readonly expiryTime: Pick<ExpiryTime, 'now'>;
  /** By which it is read now. */
  reader(): StoreReader | undefined;
  /** Goes on over another way to the same Pushgateway. */
  readBy(reader: StoreReader): void;
}

/** How one group is deleted for its age; no push to it is under way or begins meanwhile. */
export interface ExpireGroup {
  /** Looks at it right before. */
  readonly isDue: (group: StoredGroup) => boolean;
  /** Writes down what will be deleted; nothing is when it rejects. */
  readonly announce: (group: StoredGroup) => Promise<void>;
  readonly remove: () => Promise<UpstreamOutcome>;
}

/**
 * `kept`: it is not due, or in use, and nothing was written down; `away`: the upstream is, or cannot
 * be read; `called_off`: after it was written down it was not to be deleted any more.
 */
export type ExpiryEnd =
  | { readonly kind: 'kept' | 'away' | 'called_off' }
  | { readonly kind: 'sent'; readonly outcome: UpstreamOutcome };

export interface FollowStoreOptions {
  readonly store: GroupStore;
  /** Tells what other gateways do to the store; left out where there are none. */
  readonly others?: Pick<SharedGroupStore, 'watch'>;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly observer: StoreObserver;
  /** Told of what was read before anybody uses it. */
  readonly onReading?: (reading: WholeReading) => Promise<void>;
  /** Told of every group that was deleted through the gateway, or may have been. */
  readonly onDeleted?: (id: GroupId) => Promise<void>;
}

/** What the metrics are told. */
export interface StoreObserver {
  probed(isUp: boolean): void;
  read(outcome: 'read' | 'failed'): void;
  changedByOthers(groups: number): void;
  scraped(isBroken: boolean): void;
  /** A push of the team was refused for a collision of hashes. */
  collided(team: string): void;
}
