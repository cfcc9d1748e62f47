import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parseHtpasswd } from '../../src/core/identity/htpasswd.ts';
import { finish } from '../../src/core/steps.ts';
import { createBasicAuthenticator } from '../../src/credentials/basic.ts';
import { testAuthenticator } from '../conformance/authenticator.ts';
import { ADDRESS, credentialContext } from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';

const FILE = [
  'ann:$2y$04$Zs3oN6Uxmp6ejSuzMjmvKuGmC1Ev5yaWhpmDsqiqe6Vdz79.vy4eO',
  'bob:$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1',
].join('\n');

function create(text: string, expires?: number) {
  const { users } = parseHtpasswd(text);
  const spec = { type: 'htpasswd', name: 'old-cron', users } as const;
  const expiry = expires !== undefined && { expires };
  const authenticator = finish(
    createBasicAuthenticator(
      [{ team: 'payments', spec: { ...spec, ...expiry } }],
      credentialContext(),
    ),
  );
  return authenticator ?? assert.fail('there is no authenticator');
}

function basic(username: string, password: string) {
  return { scheme: 'basic', username, password } as const;
}

/** A line as the real htpasswd writes it; undefined where it is not installed. */
function runHtpasswd(flag: string, username: string, password: string): string | undefined {
  try {
    const args = [`-nb${flag}`, ...(flag === 'B' ? ['-C', '4'] : []), username, password];
    return execFileSync('htpasswd', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

for (const [name, flag] of [
  ['bcrypt', 'B'],
  ['$apr1$', 'm'],
  ['{SHA}', 's'],
] as const) {
  const line = runHtpasswd(flag, 'ann', 'pass word é');
  if (line === undefined) {
    test(`htpasswd with ${name}`, { skip: 'htpasswd is not installed' }, () => {});
    continue;
  }
  testAuthenticator({
    kind: `htpasswd with ${name}`,
    create: (expires) => create(`${line}\n${FILE.split('\n')[1]}`, expires),
    valid: basic('ann', 'pass word é'),
    principal: { team: 'payments', credential: 'old-cron', scheme: 'htpasswd', subject: 'ann' },
    wrong: [
      basic('ann', 'pass word e'),
      basic('ann', ''),
      basic('ann', line.slice('ann:'.length)),
      basic('bob', 'pass word é'),
      basic('old-cron', 'pass word é'),
      basic('nobody', 'pass word é'),
    ],
    foreign: [{ scheme: 'bearer', token: 'pass word é' }],
  });
}

test('every user of a file is the team, and a subject of its own', async () => {
  const lines = ['ann', 'bob'].map((user) => `${user}:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=`);
  const authenticator = create(lines.join('\n'));
  for (const username of ['ann', 'bob']) {
    const decision = await authenticator.authenticate(basic(username, 'secret'), ADDRESS);
    assert.equal(allowed(decision ?? assert.fail()).subject, username);
  }
});

test('users of a file and those of basic credentials are known side by side', async () => {
  const { users } = parseHtpasswd('ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=');
  const passwordHash = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';
  const authenticator = finish(
    createBasicAuthenticator(
      [
        { team: 'a', spec: { type: 'htpasswd', name: 'file', users } },
        { team: 'b', spec: { type: 'basic', name: 'ci', username: 'ci', passwordHash } },
      ],
      credentialContext(),
    ),
  );
  const run = async (username: string, password: string) =>
    (await authenticator?.authenticate(basic(username, password), ADDRESS)) ?? assert.fail();
  assert.equal(allowed(await run('ann', 'secret')).team, 'a');
  assert.equal(allowed(await run('ci', 'secret')).team, 'b');
  assert.equal(denied(await run('eve', 'secret')).reason, 'credential_invalid');
});

test('a file without users makes no authenticator', () => {
  const spec = { type: 'htpasswd', name: 'empty', users: [] } as const;
  assert.equal(
    finish(createBasicAuthenticator([{ team: 'a', spec }], credentialContext())),
    undefined,
  );
});
