import type { MediaType } from '../core/exposition/media-type.ts';
import type { ReadPath } from '../core/request/endpoint.ts';
import type { GroupExpiry } from '../core/store/expiry.ts';
import type { GroupClaim } from '../core/store/group-store.ts';
import type { PushTarget } from '../core/target/push-target.ts';
import type { Upstream, UpstreamRead, UpstreamReading } from './ports/upstream.ts';

/** What a request may do, with everything that is needed to do it. */
export type Admission = ReadAdmission | PushAdmission | DeleteAdmission;

export interface ReadAdmission extends Omit<UpstreamRead, 'path'> {
  readonly kind: 'read';
  readonly upstream: UpstreamReading;
  readonly path: ReadPath;
  /** By the configuration that it was admitted under. */
  readonly expiry: GroupExpiry;
}

export interface DeleteAdmission {
  readonly kind: 'delete';
  readonly upstream: Upstream;
  readonly target: PushTarget;
  /** When the upstream's answer must have ended, on the monotonic clock. */
  readonly deadline: number;
  readonly sender: Sender;
  readonly claim: HeldClaim;
}

export interface PushAdmission {
  readonly kind: 'push';
  readonly upstream: Upstream;
  readonly method: 'POST' | 'PUT';
  readonly target: PushTarget;
  readonly mediaType: MediaType;
  /** Decoded, and understood in full. */
  readonly body: Uint8Array;
  /** Names of the families in it. */
  readonly families: readonly string[];
  readonly deadline: number;
  readonly sender: Sender;
  readonly claim: HeldClaim;
}

/** Who sent a push or delete that is admitted, and when. */
export interface Sender {
  readonly team: string;
  readonly credential: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The claim of a request: to be settled with what came of it, else it ends with the request. */
export interface HeldClaim extends GroupClaim {
  /** Lets it outlive the request: somebody else settles it. */
  release(): void;
}
