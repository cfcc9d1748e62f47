import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createToken } from '../../src/cli/token-create.ts';
import { runCli } from '../support/run-cli.ts';

const TOKEN = /^pwt_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

test('token create prints the token alone on stdout and its line for the file on stderr', async () => {
  const args = ['token', 'create', '--name', 'nightly', '--expires', '2999-01-01'];
  const { status, stdout, stderr } = await runCli(args);
  assert.equal(status, 0);
  const token = stdout.trimEnd();
  assert.match(token, TOKEN);
  const sha256 = createHash('sha256').update(token).digest('hex');
  const line = `- { type: token, name: "nightly", sha256: "${sha256}", expires: 2999-01-01 }\n`;
  assert.equal(stderr, line);
  assert.deepEqual(parse(stderr), [
    { type: 'token', name: 'nightly', sha256, expires: '2999-01-01' },
  ]);
});

test('token create turns a duration into the time when the token ends', async () => {
  const { stderr } = await runCli(['token', 'create', '--expires', '90d']);
  const [credential] = parse(stderr);
  const days = (Date.parse(credential.expires) - Date.now()) / 86_400_000;
  assert.ok(days > 89.9 && days <= 90);
});

const refused = [
  ['--name', 'a/b', 'must be 1 to 64 of A-Z a-z 0-9 _ . @ -'],
  ['--expires', '2027-02-30', 'must be a date such as 2027-01-01 or a duration such as 90d'],
  ['--expires', '999999999d', 'must be a date such as 2027-01-01 or a duration such as 90d'],
  ['--expires', '2020-01-01', 'must be in the future'],
] as const;
for (const [option, value, message] of refused) {
  test(`token create refuses ${option} ${value}, and makes no token`, async () => {
    const { status, stdout, stderr } = await runCli(['token', 'create', option, value]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.ok(stderr.includes(`argument '${value}' is invalid. ${message}\n`), stderr);
  });
}

test('a token is new each time and carries its checksum', () => {
  const tokens = Array.from({ length: 100 }, createToken);
  assert.equal(new Set(tokens).size, tokens.length);
  for (const token of tokens) {
    const [, random = '', checksum] = TOKEN.exec(token) ?? [];
    const digest = createHash('sha256').update(`pwt_${random}`).digest('base64url');
    assert.equal(checksum, digest.slice(0, 6));
  }
});
