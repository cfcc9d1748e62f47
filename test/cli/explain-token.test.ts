import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { AUDIENCE, startIssuerServer } from '../support/issuer-server.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

const SHA256 = createHash('sha256').update('pwt_nightly').digest('hex');

/** Explains a token under a configuration with an opaque token and an issuer. */
async function explain(input: string, issuer: string, ...args: string[]): Promise<CliResult> {
  await using scratch = await createScratch();
  const document = {
    upstream: { url: 'http://127.0.0.1:9092' },
    issuers: {
      ci: { issuer, audience: AUDIENCE },
      other: { issuer: 'http://127.0.0.1:1', audience: AUDIENCE },
    },
    teams: {
      billing: {
        jobs: ['billing'],
        credentials: [
          { type: 'jwt', name: 'build', issuer: 'ci', claims: { repository_id: 456 } },
          { type: 'token', name: 'nightly', sha256: SHA256 },
        ],
      },
    },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  return await runCli(['explain-token', '--config', file, ...args], { input });
}

test('explain-token takes a token as it is, or as a header has it', async () => {
  for (const input of ['pwt_nightly\n', 'Authorization: Bearer pwt_nightly\r\n']) {
    const { status, stdout, stderr } = await explain(input, 'http://127.0.0.1:1');
    assert.equal(stdout, 'allow  credential  nightly of team billing\nALLOW\n');
    assert.deepEqual([status, stderr], [0, '']);
  }
});

test('explain-token asks the issuer of a token for its keys, and no other', async () => {
  await using server = await startIssuerServer();
  const token = await server.token({ repository_id: '457' });
  const { status, stdout, stderr } = await explain(token, server.issuer);
  assert.match(stdout, /^\{\n {2}"iss": "http:/);
  assert.match(stdout, /^skip {3}credential {2}build of team billing: claim "repository_id" is /m);
  assert.match(stdout, /\nDENY: 401 credential_invalid\n$/);
  assert.deepEqual([status, stderr], [3, '']);
  assert.equal(server.fetches.keys, 1);
  assert.ok(!stdout.includes(token));
});

test('explain-token says why the keys of the issuer could not be loaded', async () => {
  await using server = await startIssuerServer();
  const token = await server.token();
  await server.listen(false);
  const { status, stdout, stderr } = await explain(token, server.issuer, '--output', 'json');
  assert.equal(status, 3);
  assert.equal(JSON.parse(stdout).reason, 'issuer_unavailable');
  assert.match(stderr, /^pushwarden: issuer ci: .*ECONNREFUSED/);
});

test('explain-token says what is wrong with the configuration', async () => {
  const missing = await runCli(['explain-token', '--config', '/nowhere.yaml'], { input: 'x' });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /no such file/);
});
