import type { Decision } from '../core/decision.ts';
import type { ClientCertificate } from '../core/identity/client-certificate.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { RequestHead } from '../core/request/framing.ts';
import type { ByteLease } from './ports.ts';

/** A request as the pipeline sees it: no socket, no framework. */
export interface GatewayRequest {
  readonly id: string;
  readonly peerAddress: string | undefined;
  /** Undefined without TLS, or when the client showed none. */
  readonly clientCertificate?: ClientCertificate | undefined;
  readonly method: string;
  /** As it stood in the request line, percent-encoded, with its query. */
  readonly rawTarget: string;
  readonly head: RequestHead;
  readonly headers: RequestHeaders;
  /**
   * Calls back, at most once, when the client ends its side or its connection.
   * @returns what takes the wish back
   */
  onLeave(listener: () => void): () => void;
  /**
   * Reads the body to its end; to be called once, after everything else was decided.
   * @param contentLength - bytes; undefined for a chunked body
   */
  readBody(
    contentLength: number | undefined,
    bounds: BodyBounds,
  ): MaybePromise<Decision<Uint8Array>>;
}

/** The headers that decide something; no other header of a caller is looked at. */
export interface RequestHeaders {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly userAgent: string | undefined;
  /** Every line, in order. */
  readonly forwardedFor: readonly string[];
}

export interface BodyBounds {
  /** Ends in `body_too_large`. */
  readonly maxBytes: number;
  /** Of a body without a length; ends in `body_too_large`. */
  readonly maxChunks: number;
  /** Ends in `body_timeout`. */
  readonly timeoutMs: number;
  /** Ends in `overloaded`. */
  readonly lease: ByteLease;
}
