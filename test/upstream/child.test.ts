import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Clock, OperationalLog } from '../../src/pipeline/ports.ts';
import { superviseChild } from '../../src/upstream/child.ts';
import { eventually } from '../support/eventually.ts';
import { isSessionGone, sessionOf } from '../support/processes.ts';
import { findProgram, type ProgramName } from '../support/program.ts';
import { PUSHGATEWAYS, pushgatewayMissing } from '../support/pushgateway.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

const CHILD = fileURLToPath(new URL('../../src/upstream/child.ts', import.meta.url));
const LISTENS = `echo '{"msg":"Listening on","address":"127.0.0.1:1"}' >&2`;

interface LogLine {
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Everything that a supervision needs, and what it told. */
function createWatched() {
  const lines: LogLine[] = [];
  const urls: string[] = [];
  const write = (message: string, fields?: object): void => void lines.push({ message, ...fields });
  const log: OperationalLog = { info: write, warn: write, error: write };
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now };
  return {
    lines,
    urls,
    pass: (ms: number) => {
      now += ms;
    },
    options: {
      args: [],
      searchPath: process.env['PATH'],
      clock,
      log,
      onRestart: (url: string) => void urls.push(url),
    },
  };
}

async function writeProgram(scratch: Scratch, script: string): Promise<string> {
  const file = await scratch.write('program', `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o700);
  return file;
}

for (const version of PUSHGATEWAYS) {
  const name: ProgramName = `pushgateway-${version}`;
  const skip = pushgatewayMissing(version);
  const command = findProgram(name) ?? '';

  test(`a supervised ${name} takes pushes, keeps nothing, and has no admin API`, {
    skip,
  }, async () => {
    const { options, lines } = createWatched();
    await using child = await superviseChild({ ...options, command });
    const push = { method: 'PUT', body: 'rows 1\n' };
    assert.equal((await fetch(`${child.url}/metrics/job/a`, push)).status, 202);
    assert.match(child.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const wiped = await fetch(`${child.url}/api/v1/admin/wipe`, { method: 'PUT' });
    assert.equal(wiped.status, 404);
    const { data } = (await (await fetch(`${child.url}/api/v1/status`)).json()) as StatusAnswer;
    assert.equal(data.flags['persistence.file'], '');
    assert.deepEqual(lines, []);
  });

  test(`a ${name} that is killed is replaced by another, elsewhere`, { skip }, async () => {
    const { options, urls, lines } = createWatched();
    await using child = await superviseChild({ ...options, command });
    const { pid: first, url } = child;
    process.kill(first, 'SIGKILL');
    await eventually('a restart', () => urls[0]);
    assert.notEqual(child.pid, first);
    assert.deepEqual(urls, [child.url]);
    assert.notEqual(child.url, url);
    assert.equal((await fetch(`${child.url}/-/ready`)).status, 200);
    assert.deepEqual(lines[0], {
      message: 'the Pushgateway ended, another is started',
      code: null,
      signal: 'SIGKILL',
      delay_ms: 100,
    });
    await eventually('the watcher of the first is gone', () => isSessionGone(first));
  });
}

interface StatusAnswer {
  readonly data: { readonly flags: Readonly<Record<string, string>> };
}

test('disposing of a child leaves no process behind', async () => {
  await using scratch = await createScratch();
  const command = await writeProgram(scratch, `${LISTENS}; exec sleep 60`);
  const { options } = createWatched();
  const child = await superviseChild({ ...options, command });
  const { pid } = child;
  assert.equal((await sessionOf(pid)).length, 2);
  await child[Symbol.asyncDispose]();
  await eventually('all is gone', () => isSessionGone(pid));
});

test('a child that does not heed SIGTERM is killed', async () => {
  await using scratch = await createScratch();
  const script = `trap '' TERM; ${LISTENS}; while :; do read -r _ </dev/null; done`;
  const command = await writeProgram(scratch, script);
  const { options } = createWatched();
  const timing = { stopTimeoutMs: 50 };
  const child = await superviseChild({ ...options, command, timing });
  const { pid } = child;
  await child[Symbol.asyncDispose]();
  await eventually('all is gone', () => isSessionGone(pid));
});

test('a child that keeps ending is started ever more rarely', async () => {
  await using scratch = await createScratch();
  const command = await writeProgram(scratch, LISTENS);
  const { options, lines } = createWatched();
  const timing = { minDelayMs: 1, maxDelayMs: 8 };
  await using child = await superviseChild({ ...options, command, timing });
  const seen = () => lines.flatMap(({ delay_ms: ms }) => (typeof ms === 'number' ? [ms] : []));
  await eventually('six ends', () => (seen().length >= 6 ? true : undefined));
  assert.deepEqual(seen().slice(0, 6), [1, 2, 4, 8, 8, 8]);
  assert.ok(child.pid > 0);
});

test('a child that has lived for long is started anew without much ado', async () => {
  await using scratch = await createScratch();
  const command = await writeProgram(scratch, `${LISTENS}; exec sleep 60`);
  const { options, lines, urls, pass } = createWatched();
  const timing = { minDelayMs: 1, maxDelayMs: 8, soundMs: 1000 };
  await using child = await superviseChild({ ...options, command, timing });
  const delays: unknown[] = [];
  for (const [round, lived] of [10, 10, 1000].entries()) {
    pass(lived);
    process.kill(child.pid, 'SIGKILL');
    await eventually('a restart', () => (urls.length > round ? true : undefined));
    delays.push(lines.findLast((line) => 'delay_ms' in line)?.['delay_ms']);
  }
  assert.deepEqual(delays, [1, 2, 1]);
});

const failures = [
  ['echo "unknown flag" >&2; exit 3', 'ended with status 3: unknown flag'],
  ['exec sleep 60', 'does not say within 300 ms where it listens: it logged nothing'],
  [
    `echo '{"level":"info","msg":"starting"}' >&2; exit 1`,
    'ended with status 1: it logged nothing',
  ],
] as const;
for (const [script, problem] of failures) {
  test(`a child whose first start fails is an error: ${problem}`, async () => {
    await using scratch = await createScratch();
    const command = await writeProgram(scratch, script);
    const { options } = createWatched();
    const timing = { startTimeoutMs: 300 };
    await assert.rejects(superviseChild({ ...options, command, timing }), {
      code: 'ERR_UPSTREAM_START',
      message: `${command} ${problem}`,
    });
  });
}

test('a program that is not there is an error that names it', async () => {
  const { options } = createWatched();
  await assert.rejects(superviseChild({ ...options, command: '/does/not/exist' }), {
    code: 'ERR_UPSTREAM_START',
    message: /^\/does\/not\/exist ended with status 127: .*not found/,
  });
});

test('a child gets no variable of the environment but the search path', async () => {
  await using scratch = await createScratch();
  const file = `${scratch.path}/environment`;
  const command = await writeProgram(scratch, `env >${file}; ${LISTENS}; exec sleep 60`);
  const { options } = createWatched();
  await using _child = await superviseChild({ ...options, command });
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const names = lines.map((line) => line.split('=')[0] ?? '');
  // What a shell adds of its own.
  const own = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);
  assert.deepEqual(
    names.filter((name) => !own.has(name)),
    ['PATH'],
  );
});

test('kill -9 of the parent leaves no child, and no watcher either', async () => {
  await using scratch = await createScratch();
  const command = await writeProgram(scratch, `${LISTENS}; exec sleep 60`);
  const { searchPath } = createWatched().options;
  const program = `
    const { superviseChild } = await import(${JSON.stringify(CHILD)});
    const log = { info() {}, warn() {}, error() {} };
    const clock = { now: () => 0, monotonic: () => 0 };
    const options = ${JSON.stringify({ command, args: [], searchPath })};
    const child = await superviseChild({ ...options, clock, log, onRestart() {} });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const pid = Number(line);
  assert.equal((await sessionOf(pid)).length, 2);
  parent.kill('SIGKILL');
  await eventually('all is gone', () => isSessionGone(pid));
});
