import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { parsePeerAddress } from '../core/network/client-address.ts';
import { type IpAddress, renderSource } from '../core/network/ip-address.ts';

/** Connections and requests of clients that have not proved who they are. */
export interface UnprovedClients {
  /**
   * Takes note of a request.
   * @param proxied - the client, where the connection is that of a trusted proxy
   */
  enter(socket: Socket, proxied: IpAddress | undefined): UnprovedRequest;
}

/** A request until it ends, or its sender is known. */
interface UnprovedRequest {
  /** Whether its client has too many under way, by way of proxies. */
  readonly isCrowded: boolean;
  /** Whether its connection has proved nothing for so long that it ends with the answer. */
  readonly isStale: boolean;
  /** Its credential holds: neither it nor its connection counts any more. */
  prove(): void;
  end(): void;
}

interface UnprovedClientsOptions {
  /** Of one client; read at each call, so that a reload takes effect. */
  readonly limit: () => number;
  /** Whether a peer speaks for others, whose connections then say nothing of a client. */
  readonly isProxy: (peer: IpAddress) => boolean;
}

interface Connection {
  readonly openedAt: number;
  /** Undefined once it counts no more. */
  source: string | undefined;
}

/** As long as a probe of a load balancer may ask on one connection. */
const STALE_MS = 60_000;

/**
 * Watches the connections of a server. Those over the limit of their client are closed at once, as
 * those over `server.connections` are, and counted with them.
 */
export function watchUnprovedClients(
  server: Server,
  { limit, isProxy }: UnprovedClientsOptions,
): UnprovedClients {
  const counts = new Map<string, number>();
  // A TLS socket is another object than the connection that it is on.
  const connections = new Map<string, Connection>();
  const enter = (source: string): boolean => {
    const count = counts.get(source) ?? 0;
    if (count >= limit()) return false;
    counts.set(source, count + 1);
    return true;
  };
  const leave = (source: string): void => {
    const count = (counts.get(source) ?? 1) - 1;
    if (count > 0) counts.set(source, count);
    else counts.delete(source);
  };
  const settle = (connection: Connection | undefined): void => {
    if (connection?.source !== undefined) leave(connection.source);
    if (connection !== undefined) connection.source = undefined;
  };

  server.prependListener('connection', (socket: Socket) => {
    const peer = parsePeerAddress(socket.remoteAddress);
    if (peer === undefined || isProxy(peer)) return;
    const source = renderSource(peer);
    if (!enter(source)) {
      socket.destroy();
      server.emit('drop');
      return;
    }
    const id = nameOf(socket);
    const connection: Connection = { openedAt: performance.now(), source };
    connections.set(id, connection);
    socket.once('close', () => {
      settle(connection);
      connections.delete(id);
    });
  });
  /** The same for all that a socket brings. */
  const directRequests = new WeakMap<Socket, UnprovedRequest>();
  const directRequest = (socket: Socket): UnprovedRequest => {
    let direct = directRequests.get(socket);
    if (direct === undefined) {
      direct = createDirectRequest(connections.get(nameOf(socket)), settle);
      directRequests.set(socket, direct);
    }
    return direct;
  };
  return {
    enter(socket, proxied) {
      const direct = directRequest(socket);
      if (proxied === undefined) return direct;
      const source = `proxied ${renderSource(proxied)}`;
      let isCounted = enter(source);
      const end = (): void => {
        if (isCounted) leave(source);
        isCounted = false;
      };
      return {
        isCrowded: !isCounted,
        isStale: direct.isStale,
        end,
        prove() {
          end();
          direct.prove();
        },
      };
    },
  };
}

/** A request whose connection counts, if anything of it does. */
function createDirectRequest(
  connection: Connection | undefined,
  settle: (connection: Connection | undefined) => void,
): UnprovedRequest {
  return {
    isCrowded: false,
    get isStale() {
      if (connection?.source === undefined) return false;
      return performance.now() - connection.openedAt > STALE_MS;
    },
    prove: () => settle(connection),
    end: () => undefined,
  };
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
