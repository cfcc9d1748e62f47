import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { CertificateFiles } from './certificates.ts';
import { findFreePort } from './free-port.ts';
import { findProgram, type ProgramName } from './program.ts';

/** What gateways may share their state in, by what it is called. */
export const STATE_SERVERS = {
  'Redis 7': 'redis-7',
  'Valkey 8': 'valkey-8',
} as const satisfies Record<string, ProgramName>;

export type StateServer = keyof typeof STATE_SERVERS;

/** A real Redis or Valkey on a free loopback port, in memory. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Gives it one command, of words without spaces. */
  order(command: string): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

interface RedisOptions {
  /** Redis unless given. */
  readonly program?: (typeof STATE_SERVERS)[StateServer];
  readonly port?: number;
  /** Takes TLS alone, with this certificate; it asks for none. */
  readonly tls?: CertificateFiles;
  readonly args?: readonly string[];
}

/** Starts a Redis or Valkey and waits until it takes connections. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { program = 'redis-7', tls, args = [] } = options;
  const command = findProgram(program) ?? 'redis-server';
  const port = options.port ?? (await findFreePort());
  const own = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const address = tls === undefined ? ['--port', String(port)] : renderTls(port, tls);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...address, ...own, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    cwd: '/tmp',
  });
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
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    order: (command) => order(port, command),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

function renderTls(port: number, { cert, key }: CertificateFiles): readonly string[] {
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
  return ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', 'no'];
}

async function order(port: number, command: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  if (!String(answer).startsWith('+OK')) throw new Error(`${command}: ${answer}`);
}
