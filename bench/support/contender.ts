import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Something that stands between clients and Pushgateway, running. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly authorization: string | undefined;
}

const START_MS = 5000;

/** Starts a program that does not say when it listens, and waits for its port. */
export async function startOnPort(
  name: string,
  command: string,
  args: readonly string[],
  port: number,
  authorization: string | undefined,
): Promise<Contender> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  await waitForPort(port);
  return {
    name,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    authorization,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function waitForPort(port: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
