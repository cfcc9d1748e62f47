import type { IncomingMessage, ServerResponse } from 'node:http';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { BodyBounds } from '../pipeline/gateway-request.ts';
import { denyBodySize } from '../pipeline/read-body.ts';
import { intakeOf } from './intake.ts';
import { takeWholeBody } from './whole-body.ts';

const NOTHING = new Uint8Array();

/** Of an upload whose client left or closed its side too early. */
export const BROKEN_OFF: Deny = deny(
  'request_malformed',
  'the upload broke off before the whole body had come: push again',
);

/** Ends the reading of a body that turned out to be broken. */
const readers = new WeakMap<IncomingMessage, (refusal: Deny) => void>();
/** What broke before anyone read it: the parser runs ahead of the decision. */
const broken = new WeakMap<IncomingMessage, Deny>();

/** Whether somebody waits for more of a body. */
export function isBodyAwaited(req: IncomingMessage): boolean {
  return readers.has(req);
}

/** Tells whoever reads a body, now or later, that the parser gave up on it. */
export function failBody(req: IncomingMessage, refusal: Deny): void {
  broken.set(req, refusal);
  readers.get(req)?.(refusal);
}

/**
 * Reads a body whole: at once if it came with its head. A client that waits for `100 Continue` gets
 * it here, when everything but the body was allowed. Ends in `body_too_large`, `body_timeout`,
 * `overloaded`, or `request_malformed` for an upload that broke off.
 * @param contentLength - bytes; undefined for a chunked body
 */
export function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  contentLength: number | undefined,
  bounds: BodyBounds,
): MaybePromise<Decision<Uint8Array>> {
  const failure = broken.get(req);
  if (failure !== undefined) return failure;
  if (contentLength === 0) return allow(NOTHING);
  if (!bounds.lease.reserve(contentLength ?? 0)) return deny('overloaded');
  const whole = takeWholeBody(req);
  if (whole === undefined) {
    // who left while others decided has ended the stream before anyone listens
    return req.socket.destroyed ? BROKEN_OFF : gather(req, res, contentLength, bounds);
  }
  return whole.byteLength > bounds.maxBytes ? denyBodySize(bounds.maxBytes) : allow(whole);
}

/** Reads a body that comes through the stream of its request. */
function gather(
  req: IncomingMessage,
  res: ServerResponse,
  contentLength: number | undefined,
  bounds: BodyBounds,
): Promise<Decision<Uint8Array>> {
  return new Promise((resolve) => {
    const intake = intakeOf(req.socket);
    const parts = createCollector(contentLength);
    const end = (decision: Decision<Uint8Array>): void => {
      clearTimeout(timer);
      readers.delete(req);
      intake?.stop(req);
      req.off('data', take).off('end', finish).off('close', abort).off('error', abort);
      // A paused request keeps its parser; whoever answers decides what to discard.
      req.pause().on('error', () => {});
      resolve(decision);
    };
    const count = createCounter(contentLength, bounds);
    const take = (chunk: Buffer): void => {
      const refusal = count(chunk.byteLength);
      if (refusal === undefined) parts.add(chunk);
      else end(refusal);
    };
    const finish = (): void => end(allow(parts.joined()));
    const abort = (): void => end(BROKEN_OFF);
    let timer: NodeJS.Timeout | undefined;
    readers.set(req, end);
    req.on('data', take).on('end', finish).on('close', abort).on('error', abort);
    // HTTP/1.0 has no interim answers, whatever it expects (RFC 9110, section 10.1.1).
    if (req.headers.expect !== undefined && req.httpVersion === '1.1') res.writeContinue();
    // once the request flows: what is parsed before would be kept, chunk by chunk
    process.nextTick(() => {
      intake?.open(req);
      if (req.complete || !readers.has(req)) return; // nothing is late any more
      timer = setTimeout(() => end(deny('body_timeout')), bounds.timeoutMs);
    });
  });
}

/** Counts the bytes of a body and refuses the one that is too many. */
function createCounter(
  contentLength: number | undefined,
  { maxBytes, maxChunks, lease }: BodyBounds,
) {
  let received = 0;
  let chunks = 0;
  return (bytes: number): Deny | undefined => {
    received += bytes;
    if (received > maxBytes) return denyBodySize(maxBytes);
    if (contentLength === undefined) chunks += 1;
    if (chunks > maxChunks) {
      return deny('body_too_large', `the body comes in more than ${maxChunks} chunks`);
    }
    const isReserved = contentLength !== undefined || lease.reserve(bytes);
    return isReserved ? undefined : deny('overloaded');
  };
}

/**
 * Joins the parts of a body as they come: kept for the end, a million chunks of one byte would weigh
 * hundreds of times what they hold.
 */
function createCollector(contentLength: number | undefined) {
  let bytes: Buffer = Buffer.alloc(0);
  let size = 0;
  return {
    add(part: Buffer): void {
      const needed = size + part.byteLength;
      if (size === 0) {
        bytes = part; // mostly the only one, and then never copied
      } else {
        if (needed > bytes.byteLength) bytes = grow(bytes, contentLength ?? 2 * needed);
        part.copy(bytes, size);
      }
      size = needed;
    },
    joined: (): Buffer => bytes.subarray(0, size),
  };
}

function grow(bytes: Buffer, capacity: number): Buffer {
  const more = Buffer.allocUnsafeSlow(capacity);
  bytes.copy(more);
  return more;
}
