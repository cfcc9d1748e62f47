import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { eventually } from './eventually.ts';
import { ownAddress } from './own-address.ts';
import { type RecordedRequest, readRequest } from './recorded-request.ts';
import { accept, answer, type Behaviour } from './upstream-behaviour.ts';

/**
 * A server in Pushgateway's place that records what reaches it and misbehaves on order. Readiness
 * probes, and what the gateway reads for itself, are answered apart and not recorded.
 */
export interface RecordingUpstream extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Requests that arrived in full since the last `forget`. */
  readonly requests: readonly RecordedRequest[];
  /** Bytes that arrived since the last `forget`, those of incomplete requests included. */
  readonly byteCount: number;
  /** Connections ever opened. */
  readonly connectionCount: number;
  /** How it answers from the next request on. */
  behave(behaviour: Behaviour): void;
  /** Waits until `count` requests have arrived since the last `forget`. */
  received(count: number): Promise<readonly RecordedRequest[]>;
  /** Drops what was recorded. */
  forget(): void;
  /** Refuses connections from now on and resets the open ones. */
  refuse(): Promise<void>;
  /** Accepts connections again, on the same port. */
  listen(): Promise<void>;
}

/** What an empty Pushgateway answers to what the gateway reads for itself; of no known version. */
const OWN_ANSWERS: Readonly<Record<string, string>> = {
  '/api/v1/status': JSON.stringify({ data: { start_time: '2026-01-01T00:00:00Z' } }),
  '/api/v1/metrics': JSON.stringify({ status: 'success', data: [] }),
  '/metrics': '# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n',
};

/** Starts one that answers as a healthy Pushgateway does. */
export async function startRecordingUpstream(
  behaviour: Behaviour = accept,
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let current = behaviour;
  let byteCount = 0;
  let connectionCount = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = connectionCount++;
    let turn = 0;
    let pending: Buffer = Buffer.alloc(0);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A peer that goes away is a result of the test, not a failure of this server.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      byteCount += chunk.length;
      pending = Buffer.concat([pending, chunk]);
      for (let next = readRequest(pending); next; next = readRequest(pending)) {
        const request = { ...next, connection, turn: turn++ };
        pending = pending.subarray(request.raw.length);
        if (request.target.endsWith('/-/ready')) {
          byteCount -= request.raw.length;
          socket.write(answer('200 OK', 'OK'));
          continue;
        }
        if (/^user-agent: pushwarden\r$/im.test(request.raw.toString('latin1'))) {
          byteCount -= request.raw.length;
          socket.write(answer('200 OK', OWN_ANSWERS[request.target] ?? ''));
          continue;
        }
        requests.push(request);
        void current(socket, request);
      }
    });
  });
  const host = ownAddress();
  const listen = async (wanted: number): Promise<number> => {
    server.listen(wanted, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port; // a TCP server that listens has one
  };
  const port = await listen(0);
  const refuse = async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://${host}:${port}`,
    host,
    port,
    requests,
    get byteCount() {
      return byteCount;
    },
    get connectionCount() {
      return connectionCount;
    },
    behave(next) {
      current = next;
    },
    received: (count) =>
      eventually(`${count} requests at the upstream`, () =>
        requests.length >= count ? requests : undefined,
      ),
    forget() {
      requests.length = 0;
      byteCount = 0;
    },
    refuse,
    listen: async () => void (await listen(port)),
    [Symbol.asyncDispose]: refuse,
  };
}
