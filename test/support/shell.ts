import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Scratch } from './scratch.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const run = promisify(execFile);

/** A command line in a folder, where `pushwarden` is this program. */
export interface Shell {
  /** The environment that it gives to what it starts. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs lines; rejects when one of them fails. */
  run(lines: string): Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** Opens a command line in a temporary folder. */
export async function openShell(
  scratch: Scratch,
  variables: Readonly<Record<string, string>> = {},
): Promise<Shell> {
  await mkdir(`${scratch.path}/.bin`);
  const program = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  await chmod(await scratch.write('.bin/pushwarden', program), 0o755);
  const PATH = `${scratch.path}/.bin:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, NO_COLOR: '1', ...variables, PATH };
  const options = { cwd: scratch.path, env };
  return { env, run: (lines) => run('bash', ['-euo', 'pipefail', '-c', lines], options) };
}
