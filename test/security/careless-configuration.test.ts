import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

/**
 * The attack: an operator writes something that looks right and opens the gateway. The hash of a
 * variable that was not set is that of the empty password; a condition that is `*` holds for every
 * repository in the world; a proxy list of `0.0.0.0/0` lets every client choose its own address.
 */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const TOKEN = `{ type: token, name: t, sha256: "${'ab'.repeat(32)}" }`;
const GITHUB = 'https://token.actions.githubusercontent.com';
const UPSTREAM = 'upstream: { url: "http://127.0.0.1:9092" }';

interface Careless {
  readonly what: string;
  readonly config: readonly string[];
  readonly status: number;
  readonly says: RegExp;
}

function team(credential: string): string {
  return `teams: { a: { jobs: [a], credentials: [${credential}] } }`;
}

function jwt(claims: string): readonly string[] {
  const issuer = `{ issuer: "${GITHUB}", audience: a, jwks_uri: "https://keys.example/" }`;
  const credential = `{ type: jwt, name: ci, issuer: github, claims: ${claims} }`;
  return [UPSTREAM, `issuers: { github: ${issuer} }`, team(credential)];
}

const CASES: readonly Careless[] = [
  {
    what: 'deletes by everybody, allowed among the defaults',
    config: [UPSTREAM, 'defaults: { allow: [push, delete] }', 'anonymous: a', team(TOKEN)],
    status: 0,
    says: /warning: anonymous: lets everybody delete what team a may delete/,
  },
  {
    what: 'the hash of an empty token',
    config: [UPSTREAM, team(`{ type: token, name: t, sha256: "${NOTHING}" }`)],
    status: 3,
    says: /credentials\[0\]\.sha256: is the hash of an empty token/,
  },
  {
    what: 'proxies that are everybody',
    config: [UPSTREAM, team(TOKEN), 'trusted_proxies: [10.0.0.0/8, "::/0"]'],
    status: 0,
    says: /warning: trusted_proxies\[1\]: "::\/0" trusts everybody/,
  },
  {
    what: 'conditions that every token meets',
    config: jwt('{ repository_id: "*", sub: ["a", "**"] }'),
    status: 0,
    says: /warning: .*\.claims: /,
  },
  {
    what: 'a repository of GitHub that is any',
    config: jwt('{ repository_id: "*", ref: "refs/heads/main" }'),
    status: 0,
    says: /warning: .*does not ask for repository_id/,
  },
  {
    what: 'a password for an upstream that is not behind https',
    config: [
      'upstream: { url: "http://pushgateway.example:9091", basic_auth: { username: g, password: { env: HOME } } }',
      team(TOKEN),
    ],
    status: 0,
    says: /warning: upstream\.url: is not https/,
  },
];

for (const { what, config, status, says } of CASES) {
  test(`check speaks up about ${what}`, async () => {
    await using scratch = await createScratch();
    const file = await scratch.write('pushwarden.yaml', `${config.join('\n')}\n`);
    const result = await runCli(['check', '--config', file]);
    assert.match(result.stdout, says);
    assert.equal(result.status, status);
  });
}
