import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free loopback port. */
export interface LoopbackServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** Listens until it is disposed of; what is still open then is cut. */
export async function startServer(server: Server | RequestListener): Promise<LoopbackServer> {
  const listening = typeof server === 'function' ? createServer(server) : server;
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      listening.close();
      listening.closeAllConnections();
    },
  };
}
