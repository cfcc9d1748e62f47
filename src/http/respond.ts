import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Deny } from '../core/decision.ts';
import type { Reason } from '../core/reason.ts';
import { createFixedLines } from './fixed-lines.ts';
import { intakeOf } from './intake.ts';
import { type RefusalContext, renderRefusal } from './refusal.ts';
import type { HeaderValues } from './security-headers.ts';

/** Writes every answer of the public side; nothing else does. */
export interface Responder {
  /** Answers a push or delete with the upstream's own status. */
  succeed(res: ServerResponse, status: number, requestId: string): void;
  /** Answers a health probe. */
  report(res: ServerResponse, isWell: boolean, requestId: string, wellText: string): void;
  /** Heads of a streamed answer. */
  headers(requestId: string): HeaderValues;
  refuse(res: ServerResponse, refusal: Deny, context: RefusalContext): void;
  /** Answers on a bare socket what the parser could not make a request of, and closes it. */
  refuseRaw(socket: Socket, refusal: Deny, context: RefusalContext): void;
}

/** What may still come on such a connection is not to be believed, or not to be waited for. */
const ENDING_REASONS: ReadonlySet<Reason> = new Set(['request_malformed', 'body_timeout']);

/** A body that is not read is thrown away up to here, so that the client gets to read the answer. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1000;

/** Of an answer that a head is all of. */
const NO_BODY = ['content-length', '0'];

/**
 * Creates the responder.
 * @param securityHeaders - go on every answer
 * @param isClosing - whether connections shall end with their answer
 */
export function createResponder(
  securityHeaders: HeaderValues,
  isClosing: () => boolean,
): Responder {
  const securityLines = createFixedLines(securityHeaders);
  const headers = (requestId: string): HeaderValues => ({
    ...securityHeaders,
    'x-request-id': requestId,
    ...(isClosing() && { connection: 'close' }),
  });
  return {
    headers,
    succeed(res, status, requestId) {
      if (isClosing() || !res.req.complete) {
        const cut = cutUpload(res, isClosing());
        res.writeHead(status, { ...headers(requestId), 'content-length': '0', ...cut }).end();
      } else {
        securityLines.writeHead(res, status, ['x-request-id', requestId, ...NO_BODY]).end();
      }
    },
    report(res, isWell, requestId, wellText) {
      const body = isWell ? `${wellText}\n` : 'not ready\n';
      const length = String(body.length);
      const type = 'text/plain; charset=utf-8';
      res
        .writeHead(isWell ? 200 : 503, {
          ...headers(requestId),
          'content-type': type,
          'content-length': length,
          ...cutUpload(res, isClosing()),
        })
        .end(body);
    },
    refuse(res, refusal, context) {
      const { req } = res;
      const { status, phrase, headers: own, body } = renderRefusal(refusal, context);
      const merged = {
        ...headers(context.requestId),
        ...own,
        ...(ENDING_REASONS.has(refusal.reason) ? endConnection(req) : cutUpload(res, isClosing())),
      };
      res.writeHead(status, phrase, merged).end(body);
    },
    refuseRaw(socket, refusal, context) {
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      const { status, phrase, headers: own, body } = renderRefusal(refusal, context);
      const merged = { ...securityHeaders, ...own, connection: 'close' };
      const lines = Object.entries(merged).flatMap(([name, value]) =>
        [value].flat().map((one) => `${name}: ${one}\r\n`),
      );
      lingerOnClose(socket);
      socket.write(`HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`);
      socket.destroySoon();
    },
  };
}

/**
 * Throws away what is still to come of an upload that is answered already: a small body of known
 * length while the connection lives on, of anything else so much that the client gets to read the
 * answer before the connection ends.
 */
export function cutUpload(
  { req, shouldKeepAlive }: ServerResponse,
  isClosing: boolean,
): HeaderValues {
  if (req.complete) return {};
  if (isClosing || !shouldKeepAlive || !canSkip(req)) return endConnection(req);
  intakeOf(req.socket)?.skip(req, LINGER_MS);
  return {};
}

function canSkip({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false;
  return Number(headers['content-length'] ?? 0) <= LINGER_BYTES;
}

function endConnection(req: IncomingMessage): HeaderValues {
  if (!req.complete) lingerOnClose(req.socket);
  return { connection: 'close' };
}

/**
 * Closing a socket that still has bytes to read resets it, and a client that is sending may never
 * see the answer. So the upload is thrown away for a moment, within bounds.
 * @see RFC 9112 section 9.6
 */
function lingerOnClose(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const intake = intakeOf(socket);
    if (intake === undefined) socket.once('finish', () => socket.destroy());
    else intake.ignore({ maxBytes: LINGER_BYTES, timeoutMs: LINGER_MS });
  };
}
