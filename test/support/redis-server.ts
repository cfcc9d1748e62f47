import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { findProgram } from './program.ts';

/** A real Redis on a free loopback port, in memory. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Redis takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server
  server.close();
  return port;
}

/** Starts a Redis and waits until it takes connections. */
export async function startRedis(
  options: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<RedisServer> {
  const command = findProgram('redis-7') ?? 'redis-server';
  const port = options.port ?? (await freePort());
  const own = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', command, '--port', String(port), ...own, ...(options.args ?? [])],
    { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/tmp' },
  );
  const ended = once(child, 'close');
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.includes('Ready to accept connections')) ready.resolve();
  });
  await Promise.race([
    ready.promise,
    ended.then(() => Promise.reject(new Error(`${command} does not start`))),
  ]);
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}
