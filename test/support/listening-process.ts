import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** One line of a program's JSON log. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** A child process that has said where it listens. */
export interface ListeningProcess<T> extends AsyncDisposable {
  readonly pid: number;
  /** What `ready` made of the line that announced the address. */
  readonly ready: T;
  /** Every line of stderr so far. */
  readonly log: readonly string[];
  /** Settles when the process has ended. */
  readonly ended: Promise<ProcessEnd>;
  /** Sends `signal` (SIGKILL when left out) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ProcessEnd>;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How to start a program and how to see in its log that it listens. */
export interface ProcessOptions<T> {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until the program must be listening. */
  readonly timeoutMs?: number;
  /** What to take from the log line that announces the address; undefined for every other line. */
  ready(record: LogRecord): T | undefined;
}

/**
 * Starts a program that logs JSON lines to stderr and waits until it listens. The kernel kills it
 * when this process dies, however that happens.
 *
 * @throws Error with the program's log when it ends or stays silent.
 */
export async function startListeningProcess<T>(
  options: ProcessOptions<T>,
): Promise<ListeningProcess<T>> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', options.command, ...options.args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
  });
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const log: string[] = [];
  const { promise: ready, resolve: announce } = Promise.withResolvers<T>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    const answer = options.ready(parseRecord(line));
    if (answer !== undefined) announce(answer);
  });
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return await ended;
  };
  try {
    await once(child, 'spawn');
    const answer = await withDeadline(ready, ended, options.timeoutMs ?? 90_000);
    return {
      pid: child.pid ?? 0,
      ready: answer,
      log,
      ended,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    };
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error(`${options.command} does not listen:\n${log.join('\n')}`, { cause });
  }
}

/** The address of the line in which a Go program of Prometheus says where it listens. */
export function listeningOn(record: LogRecord): string | undefined {
  const { msg, address } = record;
  return msg === 'Listening on' && typeof address === 'string' ? address : undefined;
}

async function withDeadline<T>(
  ready: Promise<T>,
  ended: Promise<ProcessEnd>,
  timeoutMs: number,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`silent for ${timeoutMs} ms`)), timeoutMs);
  const early = ended.then(({ code, signal }) => {
    throw new Error(`ended with ${code ?? signal}`);
  });
  try {
    return await Promise.race([ready, early, late]);
  } finally {
    clearTimeout(timer);
    early.catch(() => undefined);
  }
}

function parseRecord(line: string): LogRecord {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
