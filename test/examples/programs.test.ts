import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { ROOT, readProjectFile } from '../docs/markdown.ts';
import { type GatewayDocument, startGateway, type TestGateway } from '../support/gateway.ts';
import { missingPrograms } from '../support/program.ts';
import { prometheusMissing, startPrometheus } from '../support/prometheus.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { EXAMPLES, type Example, runnerOf } from './example.ts';

/**
 * The scripts and programs of `examples`, as a team would run them, through a gateway with the
 * configuration that stands beside them.
 */

const LOGIN = { username: 'programs', password: 'pushwarden-example-programs' } as const;
const { teams }: { readonly teams: Readonly<Record<string, object>> } = parse(
  readProjectFile('examples/programs.yaml'),
);

/** Notes its arguments beside itself and is curl then. */
const NOTING_CURL = '#!/bin/sh\necho "$*" >>"$0.arguments"\nexec /usr/bin/curl "$@"\n';

describe('the examples', { skip: pushgatewayMissing('1.5') }, () => {
  const stack = new AsyncDisposableStack();
  let scratch: Scratch;
  let pushgateway: Pushgateway;
  let gateway: TestGateway;
  /** One whose team has other jobs. */
  let foreign: TestGateway;
  before(async () => {
    scratch = stack.use(await createScratch());
    pushgateway = stack.use(await startPushgateway({ version: '1.5' }));
    const document: GatewayDocument = { upstream: { url: pushgateway.url }, teams };
    gateway = stack.use(await startGateway(document));
    const programs = { ...teams['programs'], jobs: ['others'] };
    foreign = stack.use(await startGateway({ ...document, teams: { programs } }));
    await scratch.write('.netrc', netrcOf(LOGIN.password));
    await scratch.write('wrong.netrc', netrcOf('guessed'));
    await scratch.write('orders.csv', 'id,status,euros\n1,paid,9.5\n2,returned,5\n3,paid,20\n');
    for (const folder of ['inbox', 'archive', 'bin']) await mkdir(`${scratch.path}/${folder}`);
    for (const name of ['a.csv', 'b c.csv']) await scratch.write(`inbox/${name}`, 'a,b\n');
  });
  after(() => stack.disposeAsync());

  async function run(
    { file, args }: Pick<Example, 'file' | 'args'>,
    env: Readonly<Record<string, string>> = {},
  ) {
    const [command = '', ...own] = await runnerOf(file).commandOf(`${ROOT}examples/${file}`);
    const child = spawn(command, [...own, ...(args?.(scratch.path) ?? [])], {
      cwd: scratch.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: scratch.path,
        PUSH_URL: gateway.url,
        PUSH_USERNAME: LOGIN.username,
        PUSH_PASSWORD: LOGIN.password,
        TASK_ID: 'task-7',
        ...env,
      },
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      ended,
    ]);
    return { status, output: stdout + stderr };
  }

  for (const example of EXAMPLES) {
    const skip = missingPrograms(runnerOf(example.file).needs);

    test(`${example.file} pushes what it says`, { skip }, async () => {
      const { status, output } = await run(example);
      assert.equal(status, 0, output);
      const { body } = await pushgateway.scrape();
      for (const line of example.stored) assert.match(body, line);
    });

    const refusals = [
      ['a foreign job', 'job_not_allowed', () => ({ PUSH_URL: foreign.url })],
      [
        'a wrong password',
        'credential_invalid',
        () => ({ PUSH_PASSWORD: 'guessed', PUSH_NETRC: `${scratch.path}/wrong.netrc` }),
      ],
    ] as const;
    for (const [what, reason, env] of refusals) {
      test(`${example.file} fails over ${what} and prints why`, { skip }, async () => {
        const { status, output } = await run(example, env());
        assert.notEqual(status, 0);
        assert.match(output, new RegExp(`${reason}: `));
      });
    }
  }

  test('a batch that fails keeps its status, and the time of its last success stays', async () => {
    const [example = assert.fail()] = EXAMPLES;
    const args = () => ['nightly_flaky', 'sh', '-c', 'exit 7'];
    assert.equal((await run({ ...example, args: () => ['nightly_flaky', 'true'] })).status, 0);
    assert.equal((await run({ ...example, args })).status, 7);
    const { body } = await pushgateway.scrape();
    assert.match(body, /^batch_exit_status\{instance="",job="nightly_flaky"\} 7$/m);
    assert.match(body, /^batch_last_success_timestamp_seconds\{.*job="nightly_flaky"\} 1/m);
  });

  test('the counter of processed files goes on from run to run', async () => {
    const file = 'shell/processed-files.sh';
    await scratch.write('inbox/d.csv', 'a,b\n');
    const example = EXAMPLES.find((one) => one.file === file) ?? assert.fail();
    assert.equal((await run(example)).status, 0);
    assert.match((await pushgateway.scrape()).body, /^files_processed_total\{.*\} 3$/m);
  });

  test('no script has the password on a command line', async () => {
    const curl = await scratch.write('bin/curl', NOTING_CURL);
    await chmod(curl, 0o700);
    const scripts = EXAMPLES.filter(({ file }) => file.endsWith('.sh'));
    const PATH = `${scratch.path}/bin:${process.env['PATH']}`;
    for (const script of scripts) assert.equal((await run(script, { PATH })).status, 0);
    const lines = (await readFile(`${curl}.arguments`, 'utf8')).trim().split('\n');
    assert.equal(lines.length, scripts.length);
    assert.deepEqual(
      lines.filter((line) => line.includes(LOGIN.password)),
      [],
    );
  });

  test('Prometheus scrapes all of it', { skip: prometheusMissing('2') }, async () => {
    await using prometheus = await startPrometheus({
      version: '2',
      target: `127.0.0.1:${gateway.port}`,
      scrapeConfig: {
        authorization: { type: 'Bearer', credentials: 'pushwarden-example-scrape' },
      },
    });
    const { health, lastError } = await prometheus.nextScrape();
    assert.deepEqual([health, lastError], ['up', '']);
    const found = await prometheus.query('count by (job) (push_time_seconds)');
    const jobs = new Set(found.map(({ metric }) => metric['job']));
    const { body } = await pushgateway.scrape();
    const pushed = [...body.matchAll(/^push_time_seconds\{.*job="(\w+)"/gm)].map(([, job]) => job);
    assert.deepEqual(jobs, new Set(pushed));
    assert.ok(jobs.size >= 6);
  });

  test('runs of a pipeline do not overwrite each other, and the clean-up deletes one', async () => {
    const pushRun = (id: string) =>
      run({ file: 'shell/ci-duration.sh', args: () => ['ci_parallel', id, '0', 'success'] });
    const storedRuns = async () => {
      // A delete is answered before it is applied; a push waits for what was queued before it.
      await fetch(`${pushgateway.url}/metrics/job/bystander`, { method: 'PUT', body: 'b 1\n' });
      const groups = await pushgateway.groups();
      const own = groups.filter(({ labels }) => labels['job'] === 'ci_parallel');
      return own.map(({ labels }) => labels['instance']).sort();
    };
    for (const id of ['1', '2']) assert.equal((await pushRun(id)).status, 0);
    assert.deepEqual(await storedRuns(), ['1', '2']);
    const clean = await run({ file: 'shell/clean-up.sh', args: () => ['ci_parallel', '1'] });
    assert.equal(clean.status, 0, clean.output);
    assert.deepEqual(await storedRuns(), ['2']);
  });
});

function netrcOf(password: string): string {
  return `machine 127.0.0.1 login ${LOGIN.username} password ${password}\n`;
}

test('every script and program is run here, and the page of the examples lists every file', () => {
  const files = globSync('**/*.*', { cwd: `${ROOT}examples` }).filter(
    (file) => file !== 'README.md',
  );
  const programs = files.filter((file) => extname(file) !== '.yaml');
  assert.deepEqual(EXAMPLES.map(({ file }) => file).sort(), programs.sort());
  const links = readProjectFile('examples/README.md').matchAll(/^\| \[(.+?)\]\(\1\) \|/gm);
  assert.deepEqual([...links].map(([, file]) => file).sort(), files.sort());
});

for (const args of [[], ['run-1'], ['run-1', 'yesterday', 'success']]) {
  test(`node/ci-duration.mjs says how it is called, and pushes nothing: ${args.join(' ')}`, () => {
    const file = new URL('../../examples/node/ci-duration.mjs', import.meta.url).pathname;
    const { status, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [2, 'usage: node ci-duration.mjs RUN STARTED RESULT\n']);
  });
}
