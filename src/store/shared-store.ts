import type { GroupId } from '../core/store/group.ts';
import type { GroupStore, PushEnd } from '../core/store/group-store.ts';

/** A model that several gateways share. */
export interface SharedGroupStore extends GroupStore, AsyncDisposable {
  /** Told of what others do too, from then on. */
  watch(watcher: StoreWatcher): void;
  /** Whether what this gateway has claimed is still its own: else nothing may be sent for it. */
  isMember(): boolean;
  /** Whether a claim can be expected to be heard now. */
  takesClaims(): boolean;
}

/** What a gateway has to know of the others. */
export interface StoreWatcher {
  /** @returns what is called when the push has ended */
  readonly pushed: (group: GroupId) => (end: PushEnd) => void;
  readonly deleted: (group: GroupId) => void;
  /** The model has begun anew: nothing is known of the store until it is read. */
  readonly begunAnew: () => void;
}
