import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { TestCredential } from './test-credential.ts';

/** What a client library is told to do; `push` replaces the group (PUT), `add` does not (POST). */
export interface PushTask {
  readonly action: 'push' | 'add' | 'delete';
  /** Of the gateway. */
  readonly url: string;
  readonly job: string;
  readonly instance: string;
  /** What the names of all families begin with; the gauge has no more than that. */
  readonly prefix: string;
  /** Left out: it shows none. */
  readonly credential?: TestCredential | undefined;
}

/** What the caller of the library sees. */
export interface PushResult {
  readonly ok: boolean;
  /** The error as the library words it. */
  readonly message: string;
}

/** Runs a program of `clientProgram`, which takes its task from the environment. */
export async function runClientProgram(
  { action, url, job, instance, prefix, credential }: PushTask,
  [command, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<PushResult> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      TASK_ACTION: action,
      TASK_URL: url,
      TASK_JOB: job,
      TASK_INSTANCE: instance,
      TASK_PREFIX: prefix,
      TASK_USERNAME: credential?.username ?? '',
      TASK_SECRET: credential?.secret ?? '',
    },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ok: code === 0, message: errors + output };
}

/** The source of a program that pushes with the client library of its language. */
export function clientProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/clients/${name}`, import.meta.url));
}
