import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderProblem } from '../../../src/config/engine/problem.ts';
import type { GatewayConfig } from '../../../src/config/gateway-config.ts';
import { type LoadResult, loadConfig } from '../../../src/config/load.ts';
import { SIGNATURE_ALGORITHMS } from '../../../src/core/identity/issuer.ts';
import { type CertificateFiles, createAuthority } from '../../support/certificates.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';

const FIXTURES = new URL('../../fixtures/config/', import.meta.url).pathname;
const HOUR = 3_600_000;
const HASH = '$2y$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE';

async function loadFixture(readsSecrets = true): Promise<GatewayConfig> {
  const file = join(FIXTURES, 'identity.good.yaml');
  const loaded = await loadConfig(file, { now: Date.now(), readsSecrets });
  assert.ok(loaded.ok);
  return loaded.config;
}

test('loadConfig completes issuers, and reads keys that are in a file', async () => {
  const { issuers } = await loadFixture();
  const common = { audience: 'pushgateway', maxLifetimeMs: 24 * HOUR, maxStaleMs: 24 * HOUR };
  const algorithms = [...SIGNATURE_ALGORITHMS];
  assert.deepEqual(issuers, [
    {
      ...common,
      name: 'github',
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'https://push.example.com',
      algorithms,
      keys: { type: 'remote' },
    },
    {
      name: 'cluster',
      issuer: 'https://kubernetes.default.svc.cluster.local',
      audience: 'pushgateway',
      algorithms: ['RS256'],
      typ: 'at+jwt',
      maxLifetimeMs: HOUR,
      maxStaleMs: 7 * 24 * HOUR,
      keys: {
        type: 'remote',
        jwksUri: 'https://kubernetes.default.svc/openid/v1/jwks',
        bearerFile: join(FIXTURES, 'users.htpasswd'),
      },
    },
    {
      ...common,
      name: 'offline',
      issuer: 'kubernetes/serviceaccount',
      algorithms,
      keys: { type: 'file', jwks: await readFile(join(FIXTURES, 'keys.json'), 'utf8') },
    },
    {
      ...common,
      name: 'local',
      issuer: 'http://[::1]:8080',
      algorithms,
      keys: { type: 'remote' },
    },
  ]);
});

test('loadConfig completes credentials: conditions as text, users of files', async () => {
  const [team] = (await loadFixture()).teams;
  assert.deepEqual(team?.credentials.slice(0, 4), [
    {
      type: 'jwt',
      name: 'ci',
      issuer: 'github',
      claims: [
        { claim: 'repository_id', patterns: ['456'] },
        { claim: 'ref', patterns: ['refs/heads/main', 'refs/tags/*'] },
        { claim: 'fork', patterns: ['false'] },
      ],
    },
    {
      type: 'jwt',
      name: 'cron',
      issuer: 'offline',
      claims: [{ claim: '/kubernetes.io/namespace', patterns: ['payments'] }],
      expires: Date.UTC(2099, 0, 1),
    },
    {
      type: 'htpasswd',
      name: 'old-cron',
      users: [
        { username: 'ann', passwordHash: HASH },
        { username: 'bob', passwordHash: '$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1' },
      ],
    },
    { type: 'htpasswd', name: 'web', users: [{ username: 'zoe', passwordHash: HASH }] },
  ]);
});

test('loadConfig tells the files that a configuration was made of', async () => {
  const file = join(FIXTURES, 'identity.good.yaml');
  const loaded = await loadConfig(file, { now: Date.now() });
  assert.ok(loaded.ok);
  const names = ['users.htpasswd', 'keys.json', 'users.htpasswd', 'zoe.yml'];
  assert.deepEqual(
    loaded.files,
    names.map((name) => join(FIXTURES, name)),
  );
});

test('loadConfig reads neither users nor keys when it is to read no secrets', async () => {
  const { teams, issuers } = await loadFixture(false);
  assert.deepEqual(teams[0]?.credentials[2], { type: 'htpasswd', name: 'old-cron', users: [] });
  assert.deepEqual(issuers[2]?.keys, { type: 'file', jwks: '' });
});

test('loadConfig warns of a key set with which its readers could sign tokens', async () => {
  await using scratch = await createScratch();
  const { keys } = JSON.parse(await readFile(join(FIXTURES, 'keys.json'), 'utf8'));
  const text = JSON.stringify({ keys: [...keys, { ...keys[0], kid: 'own', d: 'AQ' }] });
  const jwks = await scratch.write('own.json', text);
  const document = {
    upstream: { url: 'http://127.0.0.1:9092' },
    issuers: { own: { issuer: 'https://own.example', audience: 'push', jwks_file: jwks } },
    teams: {
      a: {
        jobs: ['a'],
        credentials: [{ type: 'jwt', name: 'a', issuer: 'own', claims: { sub: 'a' } }],
      },
    },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const loaded = await loadConfig(file, { now: Date.now() });
  assert.ok(loaded.ok);
  assert.deepEqual(
    loaded.warnings.map(({ message }) => message),
    [
      `${jwks} has a secret key in it, with which its readers can sign tokens: keep the public ones`,
    ],
  );
});

interface TlsFiles extends CertificateFiles {
  readonly clientCa?: string;
}

async function loadTls(scratch: Scratch, { cert, key, clientCa }: TlsFiles): Promise<LoadResult> {
  const tls = { cert_file: cert, key_file: key, ...(clientCa && { client_ca_file: clientCa }) };
  const certificate = { type: 'certificate', name: 'edge', fingerprint: `${'AB:'.repeat(31)}CD` };
  const token = { type: 'token', name: 'other', sha256: '0'.repeat(64) };
  const credentials = clientCa ? [certificate, token] : [token];
  const document = {
    tls,
    upstream: { url: 'http://127.0.0.1:9092' },
    teams: { a: { jobs: ['a'], credentials } },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  return loadConfig(file, { now: Date.now() });
}

test('loadConfig reads certificates and keys, and fingerprints in every spelling', async () => {
  await using scratch = await createScratch();
  const ca = createAuthority(scratch.path, 'ca');
  const { cert, key } = ca.issue('server');
  const loaded = await loadTls(scratch, { cert, key, clientCa: ca.cert });
  assert.ok(loaded.ok);
  const read = (file: string) => readFile(file, 'utf8');
  const clientCa = await read(ca.cert);
  assert.deepEqual(loaded.config.tls, { cert: await read(cert), key: await read(key), clientCa });
  const [credential] = loaded.config.teams[0]?.credentials ?? [];
  const fingerprint = `${'ab'.repeat(31)}cd`;
  assert.deepEqual(credential, { type: 'certificate', name: 'edge', fingerprint });
  assert.deepEqual(loaded.files, [cert, key, ca.cert]);
});

const BROKEN: readonly (readonly [
  what: string,
  breakIt: (files: CertificateFiles, scratch: Scratch) => TlsFiles | Promise<TlsFiles>,
  problem: RegExp,
])[] = [
  [
    'the key of another certificate',
    (files, { path }) => ({ ...files, key: createAuthority(path, 'other').key }),
    /tls\.key_file: \S+other\.key is not the key of the certificate in \S+server\.crt$/,
  ],
  [
    'a key with a passphrase',
    ({ cert, key }) => {
      const args = ['ec', '-in', key, '-aes128', '-passout', 'pass:secret', '-out', `${key}.enc`];
      execFileSync('openssl', args, { stdio: 'pipe' });
      return { cert, key: `${key}.enc` };
    },
    /tls\.key_file: \S+ holds no PEM private key that can be read without a passphrase$/,
  ],
  [
    'a certificate for a key',
    ({ cert }) => ({ cert, key: cert }),
    /tls\.key_file: \S+ holds no PEM private key/,
  ],
  [
    'a key for a certificate',
    ({ key }) => ({ cert: key, key }),
    /tls\.cert_file: \S+ holds no PEM certificate that can be read$/,
  ],
  [
    'an empty file of authorities',
    async (files, scratch) => ({ ...files, clientCa: await scratch.write('ca.pem', '') }),
    /tls\.client_ca_file: \S+ holds no PEM certificate that can be read$/,
  ],
];
for (const [what, breakIt, problem] of BROKEN) {
  test(`loadConfig refuses ${what} at its key, and shows nothing of it`, async () => {
    await using scratch = await createScratch();
    const files = createAuthority(scratch.path, 'ca').issue('server');
    const loaded = await loadTls(scratch, await breakIt(files, scratch));
    assert.ok(!loaded.ok);
    const errors = loaded.problems.filter(({ severity }) => severity === 'error');
    const [only, ...others] = errors.map(renderProblem);
    assert.match(only ?? '', problem);
    assert.deepEqual(others, []);
  });
}

test('loadConfig warns of a certificate that has ended', async () => {
  await using scratch = await createScratch();
  const files = createAuthority(scratch.path, 'ca').issue('server', { days: -1 });
  const loaded = await loadTls(scratch, files);
  assert.ok(loaded.ok);
  const [warning] = loaded.warnings.map(renderProblem);
  assert.match(warning ?? '', /warning: tls\.cert_file: the certificate in \S+ has expired$/);
});

test('the check warns of a certificate that no client takes, and of authorities that are none', async () => {
  await using scratch = await createScratch();
  const make = (name: string, ...options: readonly string[]): void => {
    const [key, cert] = [join(scratch.path, `${name}.key`), join(scratch.path, `${name}.crt`)];
    const common = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
    ];
    execFileSync(
      'openssl',
      [...common, '-keyout', key, '-out', cert, '-subj', '/CN=a', ...options],
      {
        stdio: 'ignore',
      },
    );
  };
  make('own', '-addext', 'extendedKeyUsage=clientAuth');
  make('leaf', '-addext', 'basicConstraints=critical,CA:FALSE');
  const file = await scratch.write(
    'pushwarden.yaml',
    JSON.stringify({
      upstream: { url: 'http://127.0.0.1:9092' },
      tls: { cert_file: 'own.crt', key_file: 'own.key', client_ca_file: 'leaf.crt' },
      teams: { a: { jobs: ['a'], credentials: [{ type: 'certificate', name: 'c', san: 'a' }] } },
    }),
  );
  const loaded = await loadConfig(file, { now: Date.now() });
  assert.ok(loaded.ok);
  assert.deepEqual(
    loaded.warnings.map(({ path, message }) => `${path}: ${message.replaceAll(scratch.path, '.')}`),
    [
      'tls.cert_file: the certificate in ./own.crt has no subject alternative name: clients look at no other',
      'tls.cert_file: the certificate in ./own.crt is not for servers (extended key usage)',
      "tls.client_ca_file: no certificate in ./leaf.crt is one of an authority: no client's leads to it",
    ],
  );
});
