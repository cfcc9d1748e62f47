import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import {
  type ContentEncoding,
  type MediaType,
  resolveEncoding,
  resolveMediaType,
} from '../core/exposition/media-type.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import type { Framing } from '../core/request/framing.ts';
import type { BodyBounds, GatewayRequest, RequestHeaders } from './gateway-request.ts';
import type { BodyDecoders } from './ports.ts';

/** What a push says of its body before it is read. */
export interface DeclaredBody {
  /** Bytes as sent; undefined for a chunked body. */
  readonly contentLength: number | undefined;
  readonly encoding: ContentEncoding;
  readonly mediaType: MediaType;
}

/** A body that was read to its end and decoded. */
export interface ReadBody {
  /** Decoded. */
  readonly body: Uint8Array;
  /** Bytes as sent. */
  readonly bodyBytes: number;
}

/** Refuses by its headers alone a body that would be refused once read. */
export function checkDeclaredBody(
  headers: RequestHeaders,
  framing: Framing,
  limits: TeamLimits,
): Decision<DeclaredBody> {
  const { contentLength } = framing;
  if ((contentLength ?? 0) > limits.body) {
    return denyBodySize(limits.body);
  }
  const encoding = resolveEncoding(headers.contentEncoding);
  if (encoding.effect === 'deny') return encoding;
  const mediaType = resolveMediaType(headers.contentType);
  if (mediaType.effect === 'deny') return mediaType;
  return allow({ contentLength, encoding: encoding.value, mediaType: mediaType.value });
}

/** Refuses a body of more than `maxBytes`, as sent. */
export function denyBodySize(maxBytes: number): Deny {
  return deny('body_too_large', {
    detail: `the body is larger than the ${maxBytes} bytes a push may have`,
    hints: [
      'bytes count as they are sent: gzip makes a push smaller (Content-Encoding: gzip)',
      'an operator can raise limits.body of the team',
    ],
  });
}

/** Reads the body whole, under its limits, and undoes its encoding. */
export function readBody(
  request: GatewayRequest,
  { contentLength, encoding }: DeclaredBody,
  bounds: BodyBounds,
  limits: TeamLimits,
  decoders: BodyDecoders,
): MaybePromise<Decision<ReadBody>> {
  const reading: MaybePromise<Decision<Uint8Array>> = request.readBody(contentLength, bounds);
  return andThen(reading, (sent) => {
    if (sent.effect === 'deny') return sent;
    const bodyBytes = sent.value.byteLength;
    if (encoding === 'identity') return allow({ body: sent.value, bodyBytes });
    const maxDecoded = Math.min(limits.decoded, limits.ratio * bodyBytes);
    if (!bounds.lease.reserve(maxDecoded)) return deny('overloaded');
    return andThen(decoders[encoding](sent.value, maxDecoded), (decoded) =>
      decoded.effect === 'deny' ? decoded : allow({ body: decoded.value, bodyBytes }),
    );
  });
}
