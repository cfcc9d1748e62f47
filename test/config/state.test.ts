import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillInstance } from '../../src/config/engine/instance.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const TEAM = {
  jobs: ['*'],
  credentials: [{ type: 'token', name: 'ci', sha256: 'a'.repeat(64) }],
};
const BARE = { upstream: { url: 'http://127.0.0.1:9092' }, teams: { payments: TEAM } };

async function findProblems(document: object): Promise<readonly string[]> {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', JSON.stringify({ ...BARE, ...document }));
  const loaded = await loadConfig(file, { now: Date.now() });
  const problems = loaded.ok ? loaded.warnings : loaded.problems;
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

const url = 'redis://127.0.0.1:6379';
const cases = [
  [{ state: { url } }, []],
  [{ state: { url: 'rediss://valkey.example.com/2', username: 'gw' } }, []],
  [{ state: {} }, [/^error state\.url: is required/]],
  [{ state: { url: 'http://valkey' } }, [/^error state\.url: is not a URL, such as redis:/]],
  [{ state: { url: 'redis://gw:secret@valkey' } }, [/^error state\.url: must not hold a cred/]],
  [{ state: { url: 'redis://valkey/zero' } }, [/^error state\.url: must end in the number/]],
  [
    { state: { url, tls: { ca_file: 'ca.crt' } } },
    [/^error state\.tls: is for rediss/, /^error state\.tls\.ca_file: /],
  ],
  [{ state: { url }, spool: {} }, [/^error state: not supported together with spool/]],
  [
    { state: { url }, upstream: { spawn: { command: 'pushgateway' } } },
    [/^error state: not supported together with upstream\.spawn/],
  ],
  [
    { state: { url }, upstream: undefined, upstreams: { a: BARE.upstream } },
    [/^error state: not supported together with several Pushgateways/],
  ],
  [
    { state: { url: 'redis://valkey', password: { env: 'STATE_PASSWORD_OF_NOBODY' } } },
    [/STATE_PASSWORD_OF_NOBODY is not set/, /^warning state\.url: is not rediss/],
  ],
] as const;
for (const [document, expected] of cases) {
  test(`what is wrong with ${JSON.stringify(document)}`, async () => {
    const problems = await findProblems(document);
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const pattern of expected) {
      assert.ok(
        problems.some((problem) => pattern.test(problem)),
        problems.join('\n'),
      );
    }
  });
}

test('paths and addresses have the name of the gateway, and nothing else has', () => {
  const document = {
    listen: '127.0.0.1:909%i',
    admin: { listen: '127.0.0.1:919%i' },
    audit: { file: 'audit-%i.jsonl', sign_key: { file: '%i/%i.key' } },
    teams: { payments: { jobs: ['%i'], credentials: [{ type: 'htpasswd', file: '%i.htpasswd' }] } },
  };
  assert.deepEqual(fillInstance(document, { instance: '5', isServing: true }), {
    data: {
      listen: '127.0.0.1:9095',
      admin: { listen: '127.0.0.1:9195' },
      audit: { file: 'audit-5.jsonl', sign_key: { file: '5/5.key' } },
      teams: {
        payments: { jobs: ['%i'], credentials: [{ type: 'htpasswd', file: '5.htpasswd' }] },
      },
    },
    findings: [],
  });
});

test('who serves without a name is told each place that asks for one', () => {
  const document = { listen: ':9091', audit: { file: 'audit-%i.jsonl' } };
  const { findings } = fillInstance(document, { isServing: true });
  assert.deepEqual(findings, [
    {
      severity: 'error',
      path: ['audit', 'file'],
      message: 'has %i, for which "--instance NAME" has to give the name',
    },
  ]);
  assert.deepEqual(fillInstance(document, {}).findings, []);
});

test('a check without a name takes no port of the document for that of another gateway', async () => {
  for (const listen of ['127.0.0.1:9091', '127.0.0.1:9092', undefined]) {
    const admin = { listen: '127.0.0.1:909%i' };
    assert.deepEqual(await findProblems({ ...(listen && { listen }), admin }), []);
  }
  const both = { listen: '127.0.0.1:909%i', admin: { listen: '127.0.0.1:909%i' } };
  const [problem] = await findProblems(both);
  assert.match(problem ?? '', /is the address of the public side too/);
});
