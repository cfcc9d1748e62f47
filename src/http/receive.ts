import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientCertificate } from '../core/identity/client-certificate.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import { readBody } from './body.ts';
import { intakeOf } from './intake.ts';

/** What a request of the pipeline came in on. */
interface NodeExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

const exchanges = new WeakMap<GatewayRequest, NodeExchange>();

/** The way back: for what streams an answer to a request that the pipeline has admitted. */
export function exchangeOf(request: GatewayRequest): NodeExchange {
  const exchange = exchanges.get(request);
  if (exchange === undefined) throw new TypeError(`request ${request.id} came in on no connection`);
  return exchange;
}

/** Turns a request of Node into one of the pipeline, which sees nothing else of it. */
export function receive(
  req: IncomingMessage,
  res: ServerResponse,
  id: string,
  clientCertificate: ClientCertificate | undefined,
): GatewayRequest {
  const { headers, headersDistinct, httpVersion, rawHeaders, socket } = req;
  const request: GatewayRequest = {
    id,
    peerAddress: socket.remoteAddress,
    clientCertificate,
    method: req.method ?? '',
    rawTarget: req.url ?? '',
    head: { httpVersion, rawHeaders },
    headers: {
      authorization: headers.authorization,
      contentType: headers['content-type'],
      contentEncoding: headers['content-encoding'],
      origin: headers.origin,
      secFetchSite: headersDistinct['sec-fetch-site']?.join(','),
      userAgent: headers['user-agent'],
      forwardedFor: headersDistinct['x-forwarded-for'] ?? [],
    },
    onLeave: (listener) => intakeOf(socket)?.onLeave(listener) ?? (() => undefined),
    readBody: (contentLength, bounds) => readBody(req, res, contentLength, bounds),
  };
  exchanges.set(request, { req, res });
  return request;
}
