import type { IncomingMessage } from 'node:http';

const prefixed = new WeakSet<IncomingMessage>();

/** Notes that the path of a request began with the prefix, which was taken off. */
export function notePrefix(req: IncomingMessage): void {
  prefixed.add(req);
}

/** Whether the path of a request began with the prefix. */
export function hadPrefix(req: IncomingMessage): boolean {
  return prefixed.has(req);
}
