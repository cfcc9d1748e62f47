import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Decision } from '../core/decision.ts';
import type { ClientCertificate } from '../core/identity/client-certificate.ts';
import type { MaybePromise } from '../core/maybe-promise.ts';
import type { RequestHead } from '../core/request/framing.ts';
import type { BodyBounds, GatewayRequest, RequestHeaders } from '../pipeline/gateway-request.ts';
import { readBody } from './body.ts';
import { intakeOf } from './intake.ts';

/** What a request of the pipeline came in on. */
interface NodeExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** The way back: for what streams an answer to a request that the pipeline has admitted. */
export function exchangeOf(request: GatewayRequest): NodeExchange {
  return NodeRequest.exchangeOf(request);
}

/** Turns a request of Node into one of the pipeline, which sees nothing else of it. */
export function receive(
  req: IncomingMessage,
  res: ServerResponse,
  id: string,
  clientCertificate: ClientCertificate | undefined,
): GatewayRequest {
  return new NodeRequest(req, res, id, clientCertificate);
}

/**
 * A request until it is answered. Node's own is a private field of it: in a map beside it, weak or
 * not, every request would outlive the collection of young objects.
 */
class NodeRequest implements GatewayRequest {
  readonly id: string;
  readonly peerAddress: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly method: string;
  readonly rawTarget: string;
  readonly head: RequestHead;
  readonly headers: RequestHeaders;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    id: string,
    clientCertificate: ClientCertificate | undefined,
  ) {
    this.id = id;
    this.peerAddress = req.socket.remoteAddress;
    this.clientCertificate = clientCertificate;
    this.method = req.method ?? '';
    this.rawTarget = req.url ?? '';
    this.head = { httpVersion: req.httpVersion, rawHeaders: req.rawHeaders };
    this.headers = pickHeaders(req);
    this.#req = req;
    this.#res = res;
  }

  static exchangeOf(request: GatewayRequest): NodeExchange {
    if (#req in request) return { req: request.#req, res: request.#res };
    throw new TypeError(`request ${request.id} came in on no connection`);
  }

  // Fields, so that a changed copy of the request has them too.
  readonly onLeave = (listener: () => void): (() => void) =>
    intakeOf(this.#req.socket)?.onLeave(listener) ?? (() => undefined);

  readonly readBody = (
    contentLength: number | undefined,
    bounds: BodyBounds,
  ): MaybePromise<Decision<Uint8Array>> => readBody(this.#req, this.#res, contentLength, bounds);
}

const NO_LINES: readonly string[] = [];

/** The lines of a header one by one are costly: they are made only where there are any. */
function pickHeaders(req: IncomingMessage): RequestHeaders {
  const { headers } = req;
  const linesOf = (name: string): readonly string[] =>
    headers[name] === undefined ? NO_LINES : (req.headersDistinct[name] ?? NO_LINES);
  const fetchSite = linesOf('sec-fetch-site');
  return {
    authorization: headers.authorization,
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    origin: headers.origin,
    secFetchSite: fetchSite.length === 0 ? undefined : fetchSite.join(','),
    userAgent: headers['user-agent'],
    forwardedFor: linesOf('x-forwarded-for'),
  };
}
