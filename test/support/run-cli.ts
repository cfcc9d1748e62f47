import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What a command came to. */
export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  /** For standard input; nothing when left out. */
  readonly input?: string;
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options for Node itself. */
  readonly nodeOptions?: readonly string[];
  /** What Ctrl-C sends is sent when it resolves. */
  readonly interrupted?: Promise<unknown>;
}

/** Runs `pushwarden ARGS…` to its end, in the folder of the project. */
export async function runCli(
  args: readonly string[],
  { input = '', env = {}, nodeOptions = [], interrupted }: CliOptions = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [...nodeOptions, MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  child.stdin.end(input);
  void interrupted?.then(() => child.kill('SIGINT'));
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status, stdout, stderr };
}
