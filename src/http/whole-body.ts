import { IncomingMessage } from 'node:http';
import { ExpressRequest } from './express-messages.ts';

/** What Node itself does with requests that bring nothing; a version of it may have no such method. */
const closeStream: unknown = Reflect.get(IncomingMessage.prototype, '_dumpAndCloseReadable');

/**
 * Keeps a body that has come whole with its head, past the stream of its request: to go through that
 * takes longer than everything else that is done to read it. The parser only counts it.
 */
export function keepWholeBody(req: IncomingMessage, body: Buffer): void {
  if (!(req instanceof ExpressRequest) || typeof closeStream !== 'function') return;
  closeStream.call(req);
  req.destroyed = false; // as long as its connection is not
  req.wholeBody = body;
}

/** Takes the body that was kept, once; undefined if the stream of the request has it. */
export function takeWholeBody(req: IncomingMessage): Buffer | undefined {
  if (!(req instanceof ExpressRequest)) return undefined;
  const body = req.wholeBody;
  req.wholeBody = undefined;
  return body;
}
