import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

const HASH = '$2y$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE';

test('the users of a web configuration become credentials that the check takes', async () => {
  await using scratch = await createScratch();
  const web = await scratch.write(
    'web.yml',
    `basic_auth_users:\n  alice: ${HASH}\n  "b o": ${HASH}\n`,
  );
  const { status, stdout, stderr } = await runCli(['import', 'basic-auth-users', web]);
  assert.deepEqual([status, stderr], [0, '']);
  const { credentials } = parse(stdout) as { credentials: object[] }; // what the command prints
  assert.deepEqual(credentials, [
    { type: 'basic', username: 'alice', password_hash: HASH },
    { type: 'basic', username: 'b o', password_hash: HASH },
  ]);
  const config = {
    upstream: { url: 'http://127.0.0.1:9092' },
    teams: { a: { jobs: ['a'], credentials } },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(config));
  assert.ok((await loadConfig(file, { now: 0 })).ok);
});

test('a hash that cannot be verified is named, and nothing is printed', async () => {
  await using scratch = await createScratch();
  const web = await scratch.write('web.yml', 'basic_auth_users: { alice: secret }\n');
  const { status, stdout, stderr } = await runCli(['import', 'basic-auth-users', web]);
  assert.deepEqual([status, stdout], [3, '']);
  assert.match(stderr, /web\.yml: basic_auth_users\.alice: a password in plain text/);
  assert.doesNotMatch(stderr, /secret/);
});
