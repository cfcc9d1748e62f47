import type { AuditEvent } from '../core/audit/audit-record.ts';
import type { Decision, Deny } from '../core/decision.ts';
import type { ContentEncoding, MediaType } from '../core/exposition/media-type.ts';
import type { ContentScope, PushContent } from '../core/exposition/push-content.ts';
import type { PresentedCredential } from '../core/identity/authorization-header.ts';
import type { Principal } from '../core/identity/principal.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { ReadScope } from '../core/policy/read-scope.ts';
import type { Reason } from '../core/reason.ts';
import type { UpstreamReadPath } from '../core/request/endpoint.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim, GroupStore, ReadGroup } from '../core/store/group-store.ts';
import type { StoreView } from '../core/store/joined-stores.ts';
import type { Scrape } from '../core/store/scrape-scanner.ts';
import type { StampChanges } from '../core/store/stamp-memory.ts';
import type { StoreStatus } from '../core/store/store-status.ts';
import type { SuspectGroup } from '../core/store/suspect-groups.ts';
import type { UpstreamOutcome } from '../core/store/upstream-outcome.ts';
import type { GatewayRequest } from './gateway-request.ts';

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
  ): Promise<Decision<Principal> | undefined>;
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
  enter(team: string, limits: TeamLimits, guest: TeamGuest): Promise<Decision<Lease>>;
}

/** A push or delete that may have to wait. */
export interface TeamGuest {
  /** Whether a refusal is passed over, as it is of a team that is only observed: it does not wait. */
  readonly passes?: (refusal: Deny) => boolean;
  /** Bytes that it holds while it waits. */
  readonly bytes: number;
  /** Whence it came, where it proves nothing: those take turns, and none has all places. */
  readonly unproved?: IpAddress;
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
) => Promise<Decision<PushContent>>;

/** What goes upstream: nothing in it is the caller's text. */
export interface UpstreamRequest {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** Canonical, without the upstream's path prefix. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: Uint8Array | undefined;
  readonly requestId: string;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
  /** @see GroupClaim.isCurrent */
  readonly isCurrent?: (() => boolean) | undefined;
}

/**
 * A private Pushgateway and what the gateway knows of its store. A request picks its upstream once
 * and gives it back at its end: what it claims is claimed where it is sent to, whatever a reload
 * does meanwhile.
 */
export interface Upstream extends UpstreamSender, Lease {
  /** The model of what it holds. */
  readonly store: GroupStore;
  /** From when a request is let through to the end of the answer. */
  readonly timeoutMs: number;
  /** Left out where pushes are not kept. */
  readonly spool?: Spool;
  /**
   * Waits until it is known what it holds. Ends in `overloaded` when that takes longer, in
   * `upstream_unreachable` or `upstream_invalid` when nothing can be known.
   */
  whenKnown(waitMs: number): Promise<Decision<undefined>>;
  /**
   * After a push that Pushgateway refused: has `remove` delete the group that this left behind,
   * unless it was there before, or something else is in it or on its way to it.
   * @returns whether it was deleted
   */
  tidy(group: GroupId, remove: () => Promise<UpstreamOutcome>): Promise<boolean>;
}

/** What a request that only reads has of one Pushgateway, or of all together. */
export interface UpstreamReading extends Lease {
  readonly store: StoreView;
  /** From when a request is let through to the end of the answer. */
  readonly timeoutMs: number;
  /** Streams a read; resolves when the answer has ended, however it did. */
  read(read: UpstreamRead, answer: ReadAnswer): Promise<void>;
}

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

export interface UpstreamSender {
  /** Never rejects: what goes wrong is an outcome. */
  send(request: UpstreamRequest): Promise<UpstreamOutcome>;
}

export interface UpstreamRead {
  readonly path: UpstreamReadPath;
  /** What of the answer the caller may see. */
  readonly scope: ReadScope;
  /** When the upstream's answer must have ended, on the monotonic clock, milliseconds. */
  readonly deadline: number;
}

/** One of several Pushgateways whose answers are joined to one. */
export interface ScrapePart {
  readonly name: string;
  /** Whether the last probe found it. */
  isUp(): boolean;
  /** Resolves once its answer begins; rejects when there is none. */
  open(path: UpstreamReadPath, accept: string, signal: AbortSignal): Promise<PartAnswer>;
  /** Told why nothing, or nothing more, of it is in the answer. */
  onLeftOut(refusal: Deny): void;
}

/** What one of them answers. */
export interface PartAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly isEncoded: boolean;
  readonly body: PartBody;
}

/** Ends with an error when it breaks off. */
interface PartBody extends AsyncIterable<Buffer> {
  destroy(): unknown;
}

/** Reads what a Pushgateway holds, away from the event loop. */
export interface StoreReader {
  /** What it says of itself; undefined when it does not answer. Never rejects. */
  status(): Promise<StoreStatus | 'not_ready' | 'no_pushgateway' | undefined>;
  /**
   * Hands over every group, a few at a time: no more are read until those are taken. Rejects when
   * the listing breaks off or is none.
   * @param onRestart - told that what came so far does not count: all of it comes again
   */
  groups(
    take: (groups: readonly ReadGroup[]) => Promise<void>,
    onRestart: () => void,
  ): Promise<void>;
  /** Scrapes it as Prometheus does. Rejects when the answer breaks off. */
  scrape(): Promise<Scrape>;
  /**
   * The same.
   * @param onChanges - told whose time stamps are other ones than at the last look that did not
   * reject, in parts; nothing of a scrape that is an error or empty
   */
  look(onChanges: (changes: StampChanges) => void): Promise<Scrape>;
  /** The groups that may be why a scrape is broken. Rejects when they cannot be read. */
  suspects(error: string): Promise<readonly SuspectGroup[]>;
}

/** How a read is answered by who asked for it. */
export interface ReadAnswer {
  readonly request: GatewayRequest;
  /** Go on the answer beside the upstream's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Answers with a refusal; once the answer has begun, breaks it off. */
  readonly refuse: (refusal: Deny) => void;
}

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
  readonly credential?: string;
  readonly method: string;
  readonly status: number;
  /** Of a refused request. */
  readonly reason?: Reason;
  /** Of a request that was let through because its team is only observed. */
  readonly wouldRefuse?: readonly Reason[];
  readonly durationMs: number;
  /** Of an accepted push, decoded. */
  readonly bodyBytes?: number;
}

/** The operational log: for the operator, never complete, unlike the audit log. */
export interface OperationalLog {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** What a team did since the start, in memory: for the page, never complete, unlike the audit log. */
export interface TeamActivity {
  noteUse(team: string, credential: string): void;
  noteRefusal(refusal: Omit<NotedRefusal, 'at' | 'count'>): void;
  /**
   * The last ones, newest first.
   * @param team - undefined for those of every team
   */
  refusals(team: string | undefined): readonly NotedRefusal[];
  /** Milliseconds since the epoch; undefined if it was not used. */
  lastUse(team: string, credential: string): number | undefined;
}

/** A refusal, or several that differ in nothing but their time and request. */
export interface NotedRefusal {
  /** Of the newest, milliseconds since the epoch. */
  readonly at: number;
  readonly count: number;
  readonly team: string;
  readonly credential: string;
  readonly method: string;
  /** As the audit log has it. */
  readonly target: string;
  readonly reason: Reason;
  readonly detail: string;
  readonly hints: readonly string[];
  readonly clientAddress: string | undefined;
  readonly requestId: string;
}
