import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const HASH = '$2y$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE';
const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const [CERTIFICATE = ''] = rootCertificates;

const EC_KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;

interface Given {
  /** Beside `url` and `teams`. */
  readonly upstream?: object;
  readonly audit?: object;
  readonly credentials?: readonly object[];
  /** Beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The problems of a configuration, `path: message`, with `.` for its folder. */
async function findProblems({ upstream, audit, credentials, files = {} }: Given) {
  await using scratch = await createScratch();
  for (const [name, content] of Object.entries(files)) await scratch.write(name, content);
  const token = { type: 'token', name: 'ci', sha256: SHA256 };
  const document = {
    upstream: { url: 'https://127.0.0.1:9092', ...upstream },
    teams: { payments: { jobs: ['settlement'], credentials: credentials ?? [token] } },
    ...(audit && { audit }),
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const loaded = await loadConfig(file, { now: 0 });
  const problems = loaded.ok ? loaded.warnings : loaded.problems;
  return problems.map(({ path, message }) => `${path}: ${message.replaceAll(scratch.path, '.')}`);
}

const basicAuth = (password: object) => ({ basic_auth: { username: 'gw', password } });
const PASSWORD = 'upstream.basic_auth.password';

test('checkFiles is content with files that hold what they should', async () => {
  const upstream = { ...basicAuth({ file: 'gw.secret' }), tls: { ca_file: 'ca.crt' } };
  const files = {
    'gw.secret': 's3cret\n',
    'ca.crt': `two of them\n${CERTIFICATE}\n${CERTIFICATE}`,
  };
  assert.deepEqual(await findProblems({ upstream, files }), []);
});

const faults: readonly (readonly [string, Given, readonly string[]])[] = [
  [
    'a secret that is not there',
    { upstream: basicAuth({ file: 'gw.secret' }) },
    [`${PASSWORD}: cannot read ./gw.secret: no such file`],
  ],
  [
    'a secret that is a folder',
    { upstream: basicAuth({ file: '.' }) },
    [`${PASSWORD}: cannot read .: it is a directory`],
  ],
  [
    'an empty secret',
    { upstream: basicAuth({ file: 'gw.secret' }), files: { 'gw.secret': '\n' } },
    [`${PASSWORD}: ./gw.secret is empty`],
  ],
  [
    'a variable that is not set',
    { upstream: basicAuth({ env: 'PUSHWARDEN_TEST_IS_NOT_SET' }) },
    [`${PASSWORD}: environment variable PUSHWARDEN_TEST_IS_NOT_SET is not set`],
  ],
  [
    'certificates without a certificate',
    { upstream: { tls: { ca_file: 'ca.crt' } }, files: { 'ca.crt': 'hello' } },
    ['upstream.tls.ca_file: ./ca.crt holds no PEM certificate that can be read'],
  ],
  [
    'a damaged certificate behind a good one',
    {
      upstream: { tls: { ca_file: 'ca.crt' } },
      files: { 'ca.crt': `${CERTIFICATE}\n${CERTIFICATE.replace(/[A-Za-z]{20}/, '')}` },
    },
    ['upstream.tls.ca_file: ./ca.crt holds no PEM certificate that can be read'],
  ],
  [
    'a signing key that is not there',
    { audit: { sign_key: { file: 'audit.key' } } },
    ['audit.sign_key.file: cannot read ./audit.key: no such file'],
  ],
  [
    'a signing key that is none',
    { audit: { sign_key: { file: 'audit.key' } }, files: { 'audit.key': 'garbage' } },
    ['audit.sign_key.file: ./audit.key holds no PEM private key of Ed25519'],
  ],
  [
    'a signing key of another kind',
    { audit: { sign_key: { file: 'audit.key' } }, files: { 'audit.key': EC_KEY } },
    ['audit.sign_key.file: ./audit.key holds no PEM private key of Ed25519'],
  ],
  [
    'an audit log in a folder that is not there',
    { audit: { file: 'log/audit.jsonl' } },
    ['audit.file: there is no directory ./log'],
  ],
  [
    'an audit log that is a folder',
    { audit: { file: '.' } },
    ['audit.file: . is a directory: only a regular file, or nothing, may stand there'],
  ],
  [
    'everything at once',
    { upstream: { ...basicAuth({ file: 'gw.secret' }), tls: { ca_file: 'ca.crt' } } },
    [
      `${PASSWORD}: cannot read ./gw.secret: no such file`,
      'upstream.tls.ca_file: cannot read ./ca.crt: no such file',
    ],
  ],
  [
    'a user of an htpasswd file who is a user of another credential, in either order',
    {
      credentials: [
        { type: 'basic', username: 'ann', password_hash: HASH },
        { type: 'htpasswd', name: 'old', file: 'users' },
        { type: 'basic', username: 'bob', password_hash: HASH },
      ],
      files: { users: `ann:${HASH}\nbob:${HASH}\n` },
    },
    [
      'teams.payments.credentials[1].file: the user name ann is taken by credential ann of team payments',
      'teams.payments.credentials[2].username: the user name bob is taken by credential old of team payments',
    ],
  ],
];
for (const [name, given, expected] of faults) {
  test(`checkFiles finds ${name}`, async () => {
    assert.deepEqual(await findProblems(given), expected);
  });
}

test('checkFiles takes a path that begins at the root as it is', async () => {
  await using elsewhere = await createScratch();
  const file = await elsewhere.write('gw.secret', 's3cret');
  assert.deepEqual(await findProblems({ upstream: basicAuth({ file }) }), []);
  const missing = join(elsewhere.path, 'missing');
  assert.deepEqual(await findProblems({ upstream: basicAuth({ file: missing }) }), [
    `${PASSWORD}: cannot read ${missing}: no such file`,
  ]);
});
