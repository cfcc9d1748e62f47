import type { Socket } from 'node:net';
import type { Deny } from '../core/decision.ts';
import { parsePeerAddress } from '../core/network/client-address.ts';
import { REASONS } from '../core/reason.ts';
import { createAuditTrail } from '../pipeline/audit-trail.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import type { OperationalLog, RequestObserver } from '../pipeline/ports.ts';
import { createRefusalLog } from './refusal-log.ts';
import type { RefusalPaces } from './refusal-pace.ts';
import type { Responder } from './respond.ts';

interface RawRefuserOptions {
  readonly gateway: Gateway;
  readonly responder: Responder;
  readonly observer: RequestObserver;
  readonly log: OperationalLog;
  readonly createRequestId: () => string;
  readonly paces: Pick<RefusalPaces, 'unknown'>;
}

/** Answers, audits and counts what the parser could not make a request of. */
export function createRawRefuser(options: RawRefuserOptions) {
  const { gateway, responder, observer, log, createRequestId, paces } = options;
  const logRefusal = createRefusalLog(log, gateway.clock);

  const answer = (socket: Socket, refusal: Deny, peer: string | undefined): void => {
    const id = createRequestId();
    const { challenges } = gateway.snapshot();
    responder.refuseRaw(socket, refusal, { requestId: id, accept: undefined, challenges });
    createAuditTrail(unreadable(id, peer), gateway.audit, gateway.clock).recordInPassing(refusal);
    const clientAddress = parsePeerAddress(peer);
    logRefusal(id, clientAddress ? { clientAddress } : {}, refusal);
    observer.begin();
    const { status } = REASONS[refusal.reason];
    observer.end({ team: '', method: 'other', status, reason: refusal.reason, durationMs: 0 });
  };

  return (socket: Socket, refusal: Deny): void => {
    const { remoteAddress, bytesRead } = socket;
    // Nothing was asked by a connection that never sent a byte.
    if (bytesRead === 0) {
      socket.destroy();
      return;
    }
    void paces.unknown
      .turn(String(remoteAddress))
      .then(() => answer(socket, refusal, remoteAddress));
  };
}

/** A request of which only the sender is known. */
function unreadable(id: string, peerAddress: string | undefined): GatewayRequest {
  return {
    id,
    peerAddress,
    method: '-',
    rawTarget: '-',
    head: { httpVersion: '', rawHeaders: [] },
    headers: {
      authorization: undefined,
      contentType: undefined,
      contentEncoding: undefined,
      origin: undefined,
      secFetchSite: undefined,
      userAgent: undefined,
      forwardedFor: [],
    },
    onLeave: () => () => undefined,
    readBody: () => Promise.reject(new TypeError('there is no body to read')),
  };
}
