import { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';

/**
 * Requests and answers that a server makes with the methods of Express. Express would give each of
 * them another prototype later, and that costs a push more than all the rest of Express.
 */
export class ExpressRequest extends IncomingMessage {
  /** A body that is not in its stream, until somebody takes it. */
  wholeBody: Buffer | undefined;
}
export class ExpressResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {}

Object.setPrototypeOf(ExpressRequest.prototype, express.request);
Object.setPrototypeOf(ExpressResponse.prototype, express.response);
