import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import promClient from 'prom-client';
import { curl } from './curl.ts';
import type { TestCredential } from './test-credential.ts';

const PYTHON_SCRIPT = fileURLToPath(new URL('../fixtures/clients/push.py', import.meta.url));

/** What a client library is told to do; `push` replaces the group (PUT), `add` does not (POST). */
export interface PushTask {
  readonly action: 'push' | 'add' | 'delete';
  /** Of the gateway. */
  readonly url: string;
  readonly job: string;
  /** The grouping key without the job. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the one gauge that is pushed. */
  readonly family: string;
  readonly credential: TestCredential;
}

/** What the caller of the library sees. */
interface PushResult {
  readonly ok: boolean;
  /** The error as the library words it. */
  readonly message: string;
}

/** A real client that pushes. */
interface PushClient {
  readonly name: string;
  run(task: PushTask): Promise<PushResult>;
}

const METHODS = { push: 'PUT', add: 'POST', delete: 'DELETE' } as const;

const curlClient: PushClient = {
  name: 'curl',
  async run(task) {
    const { username, secret } = task.credential;
    const login =
      username === undefined ? ['--oauth2-bearer', secret] : ['--user', `${username}:${secret}`];
    const data = task.action === 'delete' ? [] : ['--data-binary', '@-'];
    const method = ['--request', METHODS[task.action]];
    const args = ['--fail-with-body', ...login, ...method, ...data, plainTarget(task)];
    const { exitCode, errors, body } = await curl(args, `${task.family} 42\n`);
    return { ok: exitCode === 0, message: `${errors}\n${body}` };
  },
};

const pythonClient: PushClient = {
  name: 'Python prometheus_client',
  async run({ credential, ...task }) {
    const { username, secret } = credential;
    const child = spawn('/usr/bin/python3', [PYTHON_SCRIPT], { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stdin.end(JSON.stringify({ ...task, username, secret }));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [message, code] = await Promise.all([text(child.stderr), ended]);
    return { ok: code === 0, message };
  },
};

const nodeClient: PushClient = {
  name: 'npm prom-client',
  async run({ action, url, job, labels, family, credential }) {
    const { username, secret, authorization } = credential;
    const registry = new promClient.Registry();
    new promClient.Gauge({ name: family, help: 'Pushed by Node.', registers: [registry] }).set(42);
    const login =
      username === undefined ? { headers: { authorization } } : { auth: `${username}:${secret}` };
    const gateway = new promClient.Pushgateway(url, login, registry);
    const where = { jobName: job, groupings: { ...labels } };
    const run = { push: 'push', add: 'pushAdd', delete: 'delete' } as const;
    return await gateway[run[action]](where).then(
      () => ({ ok: true, message: '' }),
      (error: Error) => ({ ok: false, message: error.message }),
    );
  },
};

const fetchClient: PushClient = {
  name: 'fetch',
  async run(task) {
    const answer = await fetch(plainTarget(task), {
      method: METHODS[task.action],
      headers: { authorization: task.credential.authorization },
      ...(task.action !== 'delete' && { body: `${task.family} 42\n` }),
    });
    return { ok: answer.ok, message: await answer.text() };
  },
};

/** Every client that the tests push with. */
export const PUSH_CLIENTS = [curlClient, pythonClient, nodeClient, fetchClient] as const;

function plainTarget({ url, job, labels }: PushTask): string {
  const pairs = Object.entries({ job, ...labels }).map(([name, value]) => `/${name}/${value}`);
  return `${url}/metrics${pairs.join('')}`;
}
