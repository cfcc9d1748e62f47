import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { GatewayError } from '../core/errors.ts';

/**
 * Listens, and tells where: port 0 takes a free one.
 * @returns the server's URL
 * @throws GatewayError ERR_LISTEN when the address cannot be had
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new GatewayError('ERR_LISTEN', `cannot listen on ${host}:${port}: ${why}`, { cause });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${name}:${address.port}`;
}
