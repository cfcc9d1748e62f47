import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { childrenOf, isSessionGone } from '../support/processes.ts';
import { findProgram } from '../support/program.ts';
import { pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

const run = promisify(execFile);

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const skip = pushgatewayMissing('1.5');
const PUSHGATEWAY_FOLDER = dirname(findProgram('pushgateway-1.5') ?? '/usr/bin/x');

interface DemoOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `demo` on a free port with nothing of this machine but what `env` lets it find. */
async function startDemo({ args = ['--listen', '127.0.0.1:0'], env = {} }: DemoOptions) {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  await mkdir(`${scratch.path}/tmp`);
  const child = spawn(process.execPath, [MAIN, 'demo', '--no-fetch', ...args], {
    env: { TMPDIR: `${scratch.path}/tmp`, XDG_CACHE_HOME: scratch.path, PATH: '/none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  stack.defer(() => void child.kill('SIGKILL'));
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  const errors = text(child.stderr);
  const exited = once(child, 'exit');
  const owned = stack.move();
  return {
    pid: child.pid ?? 0,
    errors,
    exited,
    shown: () => shown,
    temporaryFiles: () => readdir(`${scratch.path}/tmp`),
    welcome: () =>
      eventually('the welcome', () => (/What happens:\n/.test(shown) ? shown : undefined)),
    /** As a terminal does, to the whole group of processes. */
    async stop(signal: NodeJS.Signals) {
      process.kill(-(child.pid ?? 0), signal);
      const [code] = await exited;
      return code;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a line that the demo printed, as somebody who pastes it. */
async function paste(welcome: string, beginning: string): Promise<string> {
  const line = welcome.split('\n').find((candidate) => candidate.startsWith(beginning));
  assert.ok(line, `no line begins with "${beginning}" in ${welcome}`);
  const { stdout } = await run('/bin/sh', ['-c', line]);
  return stdout;
}

const pythonClient = findProgram('prometheus_client-0.16');

/** A line of the list of events: without its time. */
function eventsOf(shown: string): readonly string[] {
  return [...shown.matchAll(/^ {2}\d\d:\d\d:\d\d {2}(.*)$/gm)].map(([, event = '']) => event);
}

async function pushAndSee(welcome: string): Promise<void> {
  assert.equal(await paste(welcome, '  echo "batch_job_duration_seconds 42" | curl'), '');
  assert.match(
    await paste(welcome, '  curl -s'),
    /^batch_job_duration_seconds\{instance="",job="batch_job"\} 42$/m,
  );
}

test('what the demo prints works when pasted, and nothing stays after Ctrl-C', {
  skip,
}, async () => {
  await using demo = await startDemo({ env: { PATH: PUSHGATEWAY_FOLDER } });
  const welcome = await demo.welcome();
  const program = `${PUSHGATEWAY_FOLDER}/prometheus-pushgateway`;
  assert.ok(welcome.includes(`Pushgateway 1.5.1, private: ${program} (found on PATH)`));
  await pushAndSee(welcome);
  const [child = 0] = await childrenOf(demo.pid);
  assert.equal((await demo.temporaryFiles()).length, 1);
  assert.equal(await demo.stop('SIGINT'), 0);
  await eventually('the child is gone', () => isSessionGone(child));
  assert.deepEqual(await demo.temporaryFiles(), []);
  assert.equal(await demo.errors, '');
});

test('each line that the demo prints does what it says, and is told of as it happens', {
  skip: skip || (pythonClient === undefined && 'no prometheus_client'),
}, async () => {
  await using demo = await startDemo({ env: { PATH: PUSHGATEWAY_FOLDER } });
  const welcome = await demo.welcome();
  const lines = welcome.split('\n').filter((line) => /^ {2}(echo|curl|printf|python3) /.test(line));
  assert.deepEqual(
    lines.map((line) => line.split(' ')[2]),
    ['echo', 'curl', 'echo', 'printf', 'python3'],
  );
  await pushAndSee(welcome);
  assert.match(await paste(welcome, '  echo "batch_job_duration_seconds 1"'), /^job_not_allowed: /);
  assert.match(await paste(welcome, '  printf'), /^inconsistent: .*stored as untyped, not counter/);
  const python = lines[4]?.replace('python3', `PYTHONPATH=${dirname(pythonClient ?? '')} python3`);
  await run('/bin/sh', ['-c', python ?? 'false']);
  const { page } = /page {7}(?<page>http\S+) /.exec(welcome)?.groups ?? {};
  assert.match(await (await fetch(page ?? '')).text(), /name="token"/);
  await run('curl', [
    '-X',
    'DELETE',
    '-H',
    'Authorization: Bearer x',
    `${page}x`.replace('/ui/x', '/metrics/job/a'),
  ]);
  await eventually('the last event', () => (eventsOf(demo.shown()).length >= 5 ? true : undefined));
  assert.deepEqual([...eventsOf(demo.shown())].sort(), [
    'demo      POST /metrics/job/batch_job: stored, 1 series',
    'demo      POST /metrics/job/other_job: refused, inconsistent: metric "batch_job_duration_seconds" is stored as untyped, not counter',
    'payments  POST /metrics/job/batch_job: refused, job_not_allowed: the credential may not use job "batch_job"',
    'payments  PUT /metrics/job/settlement: stored, 1 series',
    'unknown   DELETE /metrics/job/a: refused, credential_invalid',
  ]);
  const beforeStop = demo.shown().length;
  assert.equal(await demo.stop('SIGINT'), 0);
  const goodbye = demo.shown().slice(beforeStop);
  const folder = /files {6}(\S+):/.exec(welcome)?.[1] ?? '?';
  assert.ok(goodbye.includes(`Removed: ${folder} with the configuration and the audit log`));
  assert.match(
    goodbye,
    /^The private Pushgateway has ended, and what was pushed has gone with it\.$/m,
  );
  assert.doesNotMatch(demo.shown().slice(welcome.length), /pwt_/);
});

test('the demo goes on in the demo store, which says what it is, where there is no Pushgateway', async () => {
  await using demo = await startDemo({});
  const welcome = await demo.welcome();
  assert.match(welcome, /DEMO STORE: this is not Pushgateway/);
  await pushAndSee(welcome);
  assert.equal(await demo.stop('SIGTERM'), 0);
  assert.match(demo.shown(), /^What was pushed was in memory only, and has gone\.$/m);
});

test('the demo takes the Pushgateway that it is told of', { skip }, async () => {
  await using pushgateway = await startPushgateway({ version: '1.5' });
  await using demo = await startDemo({ env: { PUSHWARDEN_UPSTREAM: `${pushgateway.url}/` } });
  const welcome = await demo.welcome();
  assert.ok(welcome.includes(`Pushgateway 1.5.1 at ${pushgateway.url}`));
  await pushAndSee(welcome);
  assert.deepEqual(await childrenOf(demo.pid), []);
  assert.deepEqual(
    (await pushgateway.groups()).map(({ labels }) => labels),
    [{ job: 'batch_job' }],
  );
  assert.equal(await demo.stop('SIGTERM'), 0);
  assert.ok(
    demo.shown().includes(`Not removed: what was pushed to the Pushgateway at ${pushgateway.url}`),
  );
});

test('the demo ends when its terminal does', async () => {
  await using demo = await startDemo({});
  await demo.welcome();
  assert.equal(await demo.stop('SIGHUP'), 0);
});

test('kill -9 of the demo leaves no Pushgateway behind', { skip }, async () => {
  await using demo = await startDemo({ env: { PATH: PUSHGATEWAY_FOLDER } });
  await demo.welcome();
  const [child = 0] = await childrenOf(demo.pid);
  assert.notEqual(child, 0);
  await demo.stop('SIGKILL');
  await eventually('the child is gone', () => isSessionGone(child));
});

test('the demo on an address that is taken names another way', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number }; // a TCP server that listens
  await using demo = await startDemo({ args: ['--listen', `127.0.0.1:${port}`] });
  const [code] = await demo.exited;
  holder.close();
  assert.equal(code, 1);
  const errors = await demo.errors;
  assert.match(
    errors,
    new RegExp(`^pushwarden: listen: cannot listen on 127\\.0\\.0\\.1:${port}.*--listen`),
  );
  assert.equal(errors.split('\n').length, 2);
  assert.deepEqual(await demo.temporaryFiles(), []);
});

const failures = [
  [{ args: ['--listen', '127.0.0.1:99999'] }, /^pushwarden: listen: there is no port 99999/],
  [
    { env: { PUSHWARDEN_UPSTREAM: 'http://127.0.0.1:9' } },
    /^pushwarden: there is no Pushgateway at http:\/\/127\.0\.0\.1:9: /,
  ],
  [
    { env: { PUSHWARDEN_UPSTREAM: 'nonsense' } },
    /^pushwarden: there is no Pushgateway at nonsense: Invalid URL/,
  ],
  [
    { env: { PUSHWARDEN_UPSTREAM: 'http://ci:secret@127.0.0.1:9091' } },
    /^pushwarden: the URL of a Pushgateway for the demo must not hold a credential$/m,
  ],
] as const;
for (const [options, message] of failures) {
  test(`the demo ends with 1 when given ${JSON.stringify(options)}`, async () => {
    await using demo = await startDemo(options);
    const [code] = await demo.exited;
    assert.equal(code, 1);
    assert.match(await demo.errors, message);
  });
}
