import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 100;

/**
 * Shares connections out between gateways on ports of this machine, and knows nothing of what they
 * carry. It believes `/-/ready` at the first word; who takes no connection is passed over.
 */
export async function startTcpBalancer(
  port: number,
  gateways: readonly number[],
): Promise<AsyncDisposable> {
  const ready = new Set<number>();
  const over = new AbortController();
  const look = async (gateway: number): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${gateway}/-/ready`).catch(() => undefined);
    if (answer?.ok) ready.add(gateway);
    else ready.delete(gateway);
  };
  const lookOn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await Promise.all(gateways.map(look));
      await delay(LOOK_MS);
    }
  };
  let turn = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (client) => {
    client.on('error', () => undefined); // it has left before
    turn += 1;
    const rotated = [...gateways.slice(turn % gateways.length), ...gateways].filter((gateway) =>
      ready.has(gateway),
    );
    for (const gateway of new Set(rotated)) {
      const upstream = await connectTo(gateway);
      if (upstream === undefined) continue;
      join(client, upstream);
      return;
    }
    client.resetAndDestroy();
  });
  server.listen(port, '127.0.0.1');
  await Promise.all([once(server, 'listening'), ...gateways.map(look)]);
  const looking = lookOn();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      server.close();
      await looking;
    },
  };
}

async function connectTo(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.resetAndDestroy());
  upstream.on('error', () => client.resetAndDestroy());
}
