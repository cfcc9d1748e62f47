import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, Server as NetServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** How often connections that have become idle are looked for. */
const SWEEP_MS = 50;
/** An idle connection may bring a last request: it may be under way already. */
const LAST_REQUEST_MS = 100;
/** How long connections are accepted while there are any to accept. */
const ACCEPT_MS = 1000;
/** A turn of the event loop that is shorter did nothing. */
const IDLE_TURN_MS = 0.03;

/**
 * Stops accepting, lets what is under way finish, and closes every connection.
 * @returns whether all ended by themselves; false: the deadline cut some off
 */
export async function drainServer(server: Server, timeoutMs: number): Promise<boolean> {
  if (!server.listening) return true;
  let isClosed = false;
  const closed = once(server, 'close').then(() => {
    isClosed = true;
  });
  const deadline = performance.now() + timeoutMs;
  const pause = (ms: number): Promise<void> =>
    Promise.race([closed, wait(Math.min(ms, Math.max(0, deadline - performance.now())))]);
  await stopAccepting(server, Math.min(timeoutMs, ACCEPT_MS));
  await pause(LAST_REQUEST_MS);
  server.close(); // ends idle connections too
  while (!isClosed && performance.now() < deadline) {
    // Under keep-alive load `close` alone never ends (nodejs/node#60617).
    server.closeIdleConnections();
    await pause(SWEEP_MS);
  }
  const hasDrained = isClosed;
  server.closeAllConnections();
  await closed;
  return hasDrained;
}

/**
 * Closes the listening socket alone. The kernel resets the connections that it holds there, and
 * Node accepts one in each turn of its loop: so this waits for a turn in which there was nothing to
 * accept, and nothing else to do, after which no other connection had the time to arrive.
 */
async function stopAccepting(server: Server, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  await rehearse();
  let isQuiet = false;
  const noticeConnection = (): void => {
    isQuiet = false;
  };
  server.on('connection', noticeConnection);
  await new Promise<void>((resolve) => {
    const endTurn = (began: number): void => {
      const now = performance.now();
      if ((isQuiet && now - began < IDLE_TURN_MS) || now >= deadline) {
        closeSocket(server);
        resolve();
        return;
      }
      isQuiet = true;
      setImmediate(endTurn, performance.now());
    };
    endTurn(deadline);
  });
  server.off('connection', noticeConnection);
}

/** What is called for the first time is compiled first, and connections arrive meanwhile. */
async function rehearse(): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closeSocket(server);
  } catch {
    // no free port or descriptor: the first time is the real one
  }
}

/** `close` of an HTTP server would end its idle connections too. */
function closeSocket(server: NetServer): void {
  NetServer.prototype.close.call(server);
}
