import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** One connection of a client that keeps to no rules. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** How the other side ended it, once it has. */
  readonly ended: Promise<'closed' | 'reset'>;
  hasEnded(): boolean;
  /** Writes `part` again and again, `everyMs` apart, until the connection has ended. */
  drip(part: string, everyMs: number): Promise<void>;
  /** Writes `part` as fast as it is taken, until the connection has ended or `timeoutMs` passed. */
  flood(part: Buffer, timeoutMs: number): Promise<void>;
}

/** Connects to a loopback port. */
export async function openRawConnection(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const { promise: ended, resolve: end } = Promise.withResolvers<'closed' | 'reset'>();
  let hasEnded = false;
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => end('reset'));
  socket.on('close', () => {
    hasEnded = true;
    end('closed');
  });
  await once(socket, 'connect');
  return {
    socket,
    ended,
    received: () => received,
    hasEnded: () => hasEnded,
    async drip(part, everyMs) {
      while (!hasEnded) {
        socket.write(part);
        await delay(everyMs);
      }
    },
    async flood(part, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      while (!hasEnded && performance.now() < deadline) {
        if (!socket.write(part)) await drained(socket);
      }
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** Until more can be written, or never any more. */
async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
}
