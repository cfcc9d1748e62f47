import type { AuditEvent } from '../core/audit/audit-record.ts';
import type { Decision, Deny } from '../core/decision.ts';
import type { ContentEncoding, MediaType } from '../core/exposition/media-type.ts';
import type { ContentScope, PushContent } from '../core/exposition/push-content.ts';
import type { PresentedCredential } from '../core/identity/authorization-header.ts';
import type { Principal } from '../core/identity/principal.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { Reason } from '../core/reason.ts';

export interface Clock {
  /** Milliseconds since the epoch: for dates that people wrote. */
  now(): number;
  /** Milliseconds from an arbitrary start that never jump: for durations and deadlines. */
  monotonic(): number;
}

/** Proves who sends a request, for one kind of credential. */
export interface Authenticator {
  /**
   * Three outcomes: `undefined`, the credential is not of this kind; a decision, it is, and holds
   * or not; a throw, the authenticator is broken.
   */
  authenticate(
    presented: PresentedCredential,
    address: IpAddress,
  ): MaybePromise<Decision<Principal> | undefined>;
}

export interface AuditLog {
  /** Resolves when the event is on disk (per `sync`); rejects with ERR_AUDIT_UNAVAILABLE. */
  append(event: AuditEvent): Promise<void>;
  /** Records without making the caller wait; never throws. */
  record(event: AuditEvent): void;
  /** Sequence number and hash of the newest durable record. */
  head(): { readonly seq: number; readonly hash: string };
  /** Flushes and closes; the last record is durable when it resolves. */
  close(): Promise<void>;
}

/** Something taken for the time of a request; the request's scope gives it back. */
export type Lease = Disposable;

/** Rate and concurrency of one team's pushes and deletes. */
export interface TeamLimiter {
  /** Waits its turn where it must; ends in `rate_limited` or `too_many_concurrent`. */
  enter(team: string, limits: TeamLimits, guest: TeamGuest): MaybePromise<Decision<Lease>>;
}

/** A push or delete that may have to wait. */
export interface TeamGuest {
  /** Whether a refusal is passed over, as it is of a team that is only observed: it does not wait. */
  readonly passes?: (refusal: Deny) => boolean;
  /** Bytes that it holds while it waits. */
  readonly bytes: number;
  /** Whence it came, where it proves nothing: those take turns, and none has all places. */
  readonly unproved?: IpAddress | undefined;
  /**
   * Calls back, at most once, when the client has left: its place is free then.
   * @returns what takes the wish back
   */
  onLeave(listener: () => void): () => void;
}

/** Bytes of bodies held in memory, over all requests. */
export interface ByteBudget {
  open(): ByteLease;
}

export interface ByteLease extends Disposable {
  /** Takes `bytes` more; false when the budget is spent. */
  reserve(bytes: number): boolean;
}

/** Undoes a content encoding, never holding much more than `maxBytes` of output. */
export type BodyDecoder = (body: Uint8Array, maxBytes: number) => Promise<Decision<Uint8Array>>;

/**
 * Understands the body of a push in full; the teams take turns where that takes long. Ends as
 * `parseExposition` does, or in `overloaded`.
 */
export type ParseContent = (
  team: string,
  body: Uint8Array,
  mediaType: MediaType,
  scope: ContentScope,
) => MaybePromise<Decision<PushContent>>;

/** A decoder for each content encoding that a push may have. */
export type BodyDecoders = Readonly<Record<Exclude<ContentEncoding, 'identity'>, BodyDecoder>>;

/** Told how every request of the public side ended. */
export interface RequestObserver {
  begin(): void;
  end(observation: RequestObservation): void;
}

interface RequestObservation {
  /** Empty for an unknown caller. */
  readonly team: string;
  readonly credential?: string | undefined;
  readonly method: string;
  readonly status: number;
  /** Of a refused request. */
  readonly reason?: Reason | undefined;
  /** Of a request that was let through because its team is only observed. */
  readonly wouldRefuse?: readonly Reason[];
  readonly durationMs: number;
  /** Of an accepted push, decoded. */
  readonly bodyBytes?: number | undefined;
}

/** The operational log: for the operator, never complete, unlike the audit log. */
export interface OperationalLog {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}
