import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientCertificate } from '../core/identity/client-certificate.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import { readBody } from './body.ts';

/** Turns a request of Node into one of the pipeline, which sees nothing else of it. */
export function receive(
  req: IncomingMessage,
  res: ServerResponse,
  id: string,
  clientCertificate: ClientCertificate | undefined,
): GatewayRequest {
  const { headers, headersDistinct, httpVersion, rawHeaders, socket } = req;
  return {
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
    readBody: (contentLength, bounds) => readBody(req, res, contentLength, bounds),
  };
}
