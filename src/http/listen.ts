import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { createServer, type Server as NetServer } from 'node:net';
import { GatewayError } from '../core/errors.ts';

interface Address {
  /** Of the configuration, for what is said when it cannot be had. */
  readonly key?: string;
  readonly host: string;
  readonly port: number;
}

/** What operators meet, in their words. */
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there (EADDRINUSE)',
  EACCES: 'this user may not (EACCES)',
  EADDRNOTAVAIL: 'the machine has no such address (EADDRNOTAVAIL)',
};

/**
 * Listens, and tells where: port 0 takes a free one.
 * @returns the server's URL
 * @throws GatewayError ERR_LISTEN when the address cannot be had
 */
export async function listen(server: Server, address: Address): Promise<string> {
  await bind(server, address);
  return nameAddress(server);
}

/**
 * Listens where nobody else does yet, but where a process of the same user may listen too later,
 * to take this one's place; returns and throws as `listen`. Where the system cannot share a port,
 * nobody may.
 */
export async function listenReplaceably(server: Server, address: Address): Promise<string> {
  // nobody can be told to take the place of a port that is not known beforehand
  if (address.port === 0) return await listen(server, address);
  const probe = createServer();
  await bind(probe, address);
  await new Promise((resolve) => probe.close(resolve));
  try {
    return await listenBeside(server, address);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    return await listen(server, address);
  }
}

/**
 * Listens where another process listens by `listenReplaceably`, or nobody: the kernel shares new
 * connections out between them. Returns and throws as `listen`.
 */
export async function listenBeside(server: Server, address: Address): Promise<string> {
  await bind(server, { ...address, reusePort: true });
  return nameAddress(server);
}

async function bind(
  server: NetServer,
  options: Address & { readonly reusePort?: boolean },
): Promise<void> {
  server.listen(options);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const { host, port, key } = options;
    const message = `cannot listen on ${host}:${port}: ${WORDS[code] ?? code}`;
    const text = key === undefined ? message : `${key}: ${message}`;
    throw new GatewayError('ERR_LISTEN', text, { cause });
  }
}

function isUnsupported(error: unknown): boolean {
  if (!(error instanceof GatewayError) || !(error.cause instanceof Error)) return false;
  return 'code' in error.cause && error.cause.code === 'ENOTSUP';
}

function nameAddress(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${name}:${address.port}`;
}
