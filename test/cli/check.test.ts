import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

const GOOD = `
upstream: { url: "http://127.0.0.1:9092" }
teams:
  payments:
    jobs: [settlement]
    credentials:
      - { type: token, name: ci, sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }
`;

test('check prints a summary and nothing else for a configuration without problems', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', GOOD);
  assert.deepEqual(await runCli(['check', '--config', file]), {
    status: 0,
    stdout: 'SUCCESS: 1 team, 1 credential, 0 warnings\n',
    stderr: '',
  });
});

test('check is content with warnings, and shows them', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', `listen: 0.0.0.0:9091${GOOD}`);
  assert.deepEqual(await runCli(['check', '--config', file]), {
    status: 0,
    stdout: `${file}:1:9: warning: listen: is reachable from outside without tls: credentials cross the network in clear
SUCCESS: 1 team, 1 credential, 1 warning
`,
    stderr: '',
  });
});

test('check shows every problem with its place and ends with status 3', async () => {
  await using scratch = await createScratch();
  const bad = `lisen: 127.0.0.1:9091${GOOD.replace('jobs', 'jbos')}`;
  const file = await scratch.write('pushwarden.yaml', bad);
  assert.deepEqual(await runCli(['check', '--config', file]), {
    status: 3,
    stdout: `${file}:1:1: lisen: unknown key, did you mean "listen"?
${file}:5:5: teams.payments.jobs: is required
${file}:5:5: teams.payments.jbos: unknown key, did you mean "jobs"?
FAILED: 3 errors, 0 warnings
`,
    stderr: '',
  });
});

test('check calls a file that is not there a problem', async () => {
  assert.deepEqual(await runCli(['check', '--config', 'nowhere.yaml']), {
    status: 3,
    stdout: `nowhere.yaml:1:1: cannot read the file: no such file
FAILED: 1 error, 0 warnings
`,
    stderr: '',
  });
});

test('check reads secrets unless it is told to leave them', async () => {
  await using scratch = await createScratch();
  const basicAuth = '{ username: gw, password: { file: gw.secret } }';
  const config = GOOD.replace('" }\nteams', `", basic_auth: ${basicAuth} }\nteams`);
  const file = await scratch.write('pushwarden.yaml', config);
  const secret = join(scratch.path, 'gw.secret');
  assert.deepEqual(await runCli(['check', '--config', file]), {
    status: 3,
    stdout: `${file}:2:81: upstream.basic_auth.password: cannot read ${secret}: no such file
FAILED: 1 error, 0 warnings
`,
    stderr: '',
  });
  const { status, stdout } = await runCli(['check', '--no-secrets', '--config', file]);
  assert.deepEqual([status, stdout], [0, 'SUCCESS: 1 team, 1 credential, 0 warnings\n']);
});

test('check --output json gives the problems as data', async () => {
  const args = ['check', '--output', 'json', '--config', 'nowhere.yaml'];
  const { status, stdout, stderr } = await runCli(args);
  assert.deepEqual([status, stderr], [3, '']);
  assert.deepEqual(JSON.parse(stdout), {
    ok: false,
    problems: [
      {
        severity: 'error',
        file: 'nowhere.yaml',
        line: 1,
        column: 1,
        path: '',
        message: 'cannot read the file: no such file',
      },
    ],
  });
});
