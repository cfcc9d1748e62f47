import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** How often connections that have become idle are looked for. */
const SWEEP_MS = 50;

/**
 * Stops accepting, lets what is under way finish, and closes every connection.
 * @returns whether all ended by themselves; false: the deadline cut some off
 */
export async function drainServer(server: Server, timeoutMs: number): Promise<boolean> {
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      isClosed = true;
      resolve();
    });
  });
  const deadline = performance.now() + timeoutMs;
  while (!isClosed && performance.now() < deadline) {
    // Under keep-alive load `close` alone never ends (nodejs/node#60617).
    server.closeIdleConnections();
    await Promise.race([closed, wait(SWEEP_MS)]);
  }
  const hasDrained = isClosed;
  server.closeAllConnections();
  await closed;
  return hasDrained;
}
