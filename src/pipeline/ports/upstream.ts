import type { Decision, Deny } from '../../core/decision.ts';
import type { MaybePromise } from '../../core/maybe-promise.ts';
import type { ReadScope } from '../../core/policy/read-scope.ts';
import type { UpstreamReadPath } from '../../core/request/endpoint.ts';
import type { GroupId } from '../../core/store/group.ts';
import type { GroupStore } from '../../core/store/group-store.ts';
import type { StoreView } from '../../core/store/joined-stores.ts';
import type { UpstreamOutcome } from '../../core/store/upstream-outcome.ts';
import type { GatewayRequest } from '../gateway-request.ts';
import type { Lease } from '../ports.ts';
import type { Spool } from './spool.ts';

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
  whenKnown(waitMs: number): MaybePromise<Decision<undefined>>;
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

/** How a read is answered by who asked for it. */
export interface ReadAnswer {
  readonly request: GatewayRequest;
  /** Go on the answer beside the upstream's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Answers with a refusal; once the answer has begun, breaks it off. */
  readonly refuse: (refusal: Deny) => void;
}
