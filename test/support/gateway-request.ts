import assert from 'node:assert/strict';
import type { GatewayRequest, RequestHeaders } from '../../src/pipeline/gateway-request.ts';

/** What a test changes in a request; headers are added to. */
export type RequestChange = Partial<Omit<GatewayRequest, 'headers'>> & {
  readonly headers?: Partial<RequestHeaders>;
};

/** Headers without any that decides something, but for the changes. */
export function requestHeaders(changes: Partial<RequestHeaders> = {}): RequestHeaders {
  return {
    authorization: undefined,
    contentType: undefined,
    contentEncoding: undefined,
    origin: undefined,
    secFetchSite: undefined,
    userAgent: undefined,
    forwardedFor: [],
    ...changes,
  };
}

/** A `PUT /metrics/job/batch` from 10.1.2.3 whose body nobody may read, but for the changes. */
export function gatewayRequest({ headers, ...changes }: RequestChange = {}): GatewayRequest {
  return {
    id: '01JD',
    peerAddress: '10.1.2.3',
    method: 'PUT',
    rawTarget: '/metrics/job/batch',
    head: { httpVersion: '1.1', rawHeaders: ['Host', 'push.example.com'] },
    headers: requestHeaders(headers),
    onLeave: () => () => undefined,
    readBody: () => assert.fail('the body was read'),
    ...changes,
  };
}
