import type { Decision } from '../../core/decision.ts';
import type { MediaType } from '../../core/exposition/media-type.ts';
import type { GroupId } from '../../core/store/group.ts';
import type { GroupClaim } from '../../core/store/group-store.ts';

/**
 * Keeps pushes and deletes on disk while the upstream is away, and what it has acknowledged for the
 * case that it starts anew with less.
 */
export interface Spool {
  /** Whether something waits for the group: what comes now has to wait behind it. */
  isWaiting(group: GroupId): boolean;
  /** Whether one more push could wait. */
  hasRoom(): boolean;
  /** To be called before a push or delete is sent past the spool, and disposed of at its end. */
  begin(group: GroupId): Sending;
  /**
   * On disk when it resolves; the claim is the spool's then. Ends in `overloaded` when the spool is
   * full, and in `upstream_unreachable` when the disk does not take it: nothing of it is kept.
   */
  keep(push: KeptPush): Promise<Decision<undefined>>;
  /** Notes what the upstream has acknowledged: on disk when it resolves. Never rejects. */
  noteStored(push: KeptPush, sending: Sending): Promise<void>;
  /** A group was deleted: nothing of it is to come back. Never rejects. */
  forget(group: GroupId): Promise<void>;
}

/** A push or delete on its way to the upstream. */
export interface Sending extends Disposable {
  /** When it began, milliseconds since the epoch. */
  readonly sentAt: number;
}

/** A push or delete that every check has allowed, with all that is needed to send it later. */
export interface KeptPush {
  readonly group: GroupId;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly mediaType: MediaType;
  /** Of a delete, empty. */
  readonly body: Uint8Array;
  /** Names of the families of the body. */
  readonly families: readonly string[];
  readonly requestId: string;
  readonly team: string;
  readonly credential: string;
  /** When it was allowed, milliseconds since the epoch. */
  readonly at: number;
  readonly claim: GroupClaim;
}
