import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { GatewayError } from '../core/errors.ts';
import { parseObject } from '../core/json.ts';
import { renderPrintable } from '../core/printable.ts';

/** How to start a Pushgateway of our own. */
export interface PushgatewayProgram {
  /** A path, or a name looked up in `searchPath`. */
  readonly command: string;
  /** Flags of the operator's; without one for persistence, nothing is kept on disk. */
  readonly args: readonly string[];
  /** `PATH`: the only variable that the process gets of our environment. */
  readonly searchPath: string | undefined;
}

interface ProcessOptions extends PushgatewayProgram {
  /** Milliseconds until it must listen. */
  readonly startTimeoutMs: number;
  /** Milliseconds between being asked to stop and being killed. */
  readonly stopTimeoutMs: number;
  /** Stops the process, whatever it is doing. */
  readonly signal: AbortSignal;
  /** Gets what it logs, its usual news left out. */
  readonly onComplaint: (line: string) => void;
}

/** A Pushgateway that listens. */
export interface PushgatewayProcess {
  readonly pid: number;
  readonly url: string;
  /** Settles when the process is gone; never rejects. */
  readonly ended: Promise<ProcessEnd>;
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Child = ChildProcess & { readonly stdin: Writable; readonly stderr: Readable };

/**
 * Becomes the program and leaves a watcher behind that kills it when our end of the pipe on
 * descriptor 3 closes, which the kernel sees to however this process ends. A line on the pipe sends
 * the watcher home.
 */
const WATCHED =
  'exec 3<&0; (read -r _ <&3 || kill -KILL "$$") >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';

/** A crash of a Go program prints every goroutine. */
const MAX_COMPLAINTS = 50;
const MAX_COMPLAINT_BYTES = 1024;

/** How long the last lines of a process that has ended are waited for. */
const LAST_WORDS_MS = 1000;

/**
 * Starts a Pushgateway on a free loopback port, out of reach of the terminal's Ctrl-C, and waits
 * until it listens. It never outlives this process.
 * @throws GatewayError ERR_UPSTREAM_START when it ends or stays silent
 */
export async function startPushgatewayProcess(
  options: ProcessOptions,
): Promise<PushgatewayProcess> {
  const { command, signal, startTimeoutMs, stopTimeoutMs } = options;
  const child = spawnWatched(options);
  const ended = waitForEnd(child);
  const stop = (): void => stopChild(child, ended, stopTimeoutMs);
  signal.addEventListener('abort', stop);
  void ended.then(() => signal.removeEventListener('abort', stop)); // never rejects

  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => fail(new Error(`does not say within ${startTimeoutMs} ms where it listens`)),
    startTimeoutMs,
  );
  void ended.then((end) => fail(new Error(`ended with ${end.signal ?? `status ${end.code}`}`)));
  const log = readLog(child.stderr, options.onComplaint);
  try {
    const address = await Promise.race([log.address, failed]);
    return { pid: child.pid ?? 0, url: `http://${address}`, ended };
  } catch (cause) {
    stop();
    const problem = cause instanceof Error ? cause.message : cause;
    const said = log.firstComplaint() ?? 'it logged nothing';
    throw new GatewayError('ERR_UPSTREAM_START', `${command} ${problem}: ${said}`);
  } finally {
    clearTimeout(timer);
  }
}

function spawnWatched({ command, args, searchPath }: PushgatewayProgram): Child {
  const isPersistent = args.some((arg) => arg.startsWith('--persistence.file='));
  const saysChecks = args.some((arg) => /^--(no-)?push\.disable-consistency-check/.test(arg));
  const flags = [
    ...args,
    '--web.listen-address=127.0.0.1:0',
    '--log.format=json',
    // Debian's build has a file of its own by default, which two processes would share.
    ...(isPersistent ? [] : ['--persistence.file=']),
    // The gateway has checked every push, at a cost that does not grow with what is stored.
    ...(saysChecks ? [] : ['--push.disable-consistency-check']),
  ];
  return spawn('/bin/sh', ['-c', WATCHED, 'sh', command, ...flags], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    env: searchPath === undefined ? {} : { PATH: searchPath },
  });
}

function waitForEnd(child: Child): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.stdin.on('error', () => undefined); // the watcher may be gone as well
  child.once('error', () => resolve({ code: null, signal: null }));
  child.once('exit', () => {
    child.stdin.end('\n');
    setTimeout(() => child.stderr.destroy(), LAST_WORDS_MS).unref();
  });
  child.once('close', (code, signal) => resolve({ code, signal }));
  return promise;
}

function stopChild(child: Child, ended: Promise<ProcessEnd>, timeoutMs: number): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  void ended.then(() => clearTimeout(timer)); // never rejects
}

/** Reads the log to its end; `address` stays pending when none is announced. */
function readLog(stderr: Readable, onComplaint: (line: string) => void) {
  const { promise: address, resolve } = Promise.withResolvers<string>();
  const complaints: string[] = [];
  createInterface({ input: stderr }).on('line', (line) => {
    const record = parseObject(line) ?? {};
    if (record['msg'] === 'Listening on') return resolve(String(record['address']));
    if (record['level'] === 'info' || complaints.length === MAX_COMPLAINTS) return;
    const complaint = renderPrintable(line, MAX_COMPLAINT_BYTES);
    complaints.push(complaint);
    onComplaint(complaint);
  });
  return { address, firstComplaint: () => complaints[0] };
}
