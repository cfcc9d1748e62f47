import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from '@node-rs/bcrypt';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import {
  type GatewayProcess,
  startGateway,
  startGatewayProcess,
  type TestGateway,
} from '../support/gateway.ts';
import { AUDIENCE, goodClaims } from '../support/issuer-server.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { createSigningKey, type SigningKey } from '../support/signing-key.ts';
import { basicCredential, tokenCredential } from '../support/test-credential.ts';
import { pushAs } from '../support/workload.ts';

const ISSUER = 'https://ci.example';
const BASIC = basicCredential('ann', 'secret of ann');
const TOKEN = tokenCredential('nightly');

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A line of an htpasswd file. */
function line(username: string, password: string): string {
  return `${username}:${hashSync(password, { cost: 4 })}\n`;
}

function renderKeys(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
}

/** A configuration in which every kind of credential that a header can carry is there. */
async function render(
  scratch: Scratch,
  upstream: RecordingUpstream,
  key: SigningKey,
  limit: number,
) {
  const file = await scratch.write('users.htpasswd', line('bob', 'secret of bob'));
  const jwksFile = await scratch.write('keys.json', renderKeys(key));
  return {
    upstream: { url: upstream.url },
    failures: { per: '1m', limit },
    issuers: { ci: { issuer: ISSUER, audience: AUDIENCE, jwks_file: jwksFile } },
    defaults: { limits: { rate: '10000/s', burst: 10_000, concurrent: 64 } },
    teams: {
      hosts: { jobs: ['*'], credentials: [{ type: 'htpasswd', name: 'old', file }] },
      people: { jobs: ['*'], credentials: [BASIC.spec, TOKEN.spec] },
      builds: {
        jobs: ['*'],
        credentials: [
          {
            type: 'jwt',
            name: 'build',
            issuer: 'ci',
            claims: { '/kubernetes.io/namespace': ['payments', 'billing-*'], run: 7 },
          },
        ],
      },
    },
  };
}

const CLAIMS = { 'kubernetes.io': { namespace: 'billing-eu' }, run: 7 };

describe('who sends a push', () => {
  const stack = new AsyncDisposableStack();
  let gateway: TestGateway;
  let key: SigningKey;
  before(async () => {
    const scratch = stack.use(await createScratch());
    const upstream = stack.use(await startRecordingUpstream());
    key = await createSigningKey('k');
    gateway = stack.use(await startGateway(await render(scratch, upstream, key, 5)));
  });
  after(() => stack.disposeAsync());

  const push = async (authorization: string) => (await pushAs(gateway.url, authorization)).status;

  test('is the team whose credential it has, of whatever kind, and the audit names both', async () => {
    const token = await key.sign(goodClaims(ISSUER, CLAIMS));
    const cases = [
      [BASIC.authorization, 'people', 'ann', 'basic', undefined],
      [basic('bob', 'secret of bob'), 'hosts', 'old', 'htpasswd', 'bob'],
      [TOKEN.authorization, 'people', 'nightly', 'token', undefined],
      [basic('nightly', TOKEN.secret), 'people', 'nightly', 'token', undefined],
      [`Bearer ${token}`, 'builds', 'build', 'jwt', 'repo:acme/payments'],
      [basic('build', token), 'builds', 'build', 'jwt', 'repo:acme/payments'],
    ] as const;
    for (const [authorization, ...who] of cases) {
      assert.equal(await push(authorization), 200);
      const record = (await gateway.auditRecords()).findLast(({ event }) => event === 'decision');
      assert.ok(record?.event === 'decision');
      assert.deepEqual([record.team, record.credential, record.scheme, record.subject], who);
    }
    const log = JSON.stringify(await gateway.auditRecords());
    for (const secret of [token, TOKEN.secret, BASIC.secret, 'secret of bob']) {
      assert.ok(!log.includes(secret));
    }
  });

  test('is told nothing of which condition failed, or whether a name is known', async () => {
    const wrong = await key.sign(goodClaims(ISSUER, { ...CLAIMS, run: 8 }));
    const answersTo = async (...logins: readonly string[]) => {
      const answers = await Promise.all(logins.map((one) => pushAs(gateway.url, one)));
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      return new Set(bodies.map((body) => body.replace(/\(.*\)/, '()')));
    };
    const plain = await answersTo(`Bearer ${wrong}`, 'Bearer x.y.z', basic('eve', 'x'));
    const asPassword = await answersTo(basic('build', wrong), basic('eve', wrong));
    for (const answers of [plain, asPassword]) {
      assert.equal(answers.size, 1, [...answers].join());
      assert.match([...answers].join(), /^credential_invalid: the credential is not valid \(\)\n/);
    }
  });

  test('is told that a token has expired only when it would do otherwise', async () => {
    const expired = { iat: Date.now() / 1000 - 600, exp: Date.now() / 1000 - 300 };
    const reasonOf = async (claims: object) => {
      const answer = await pushAs(
        gateway.url,
        `Bearer ${await key.sign(goodClaims(ISSUER, claims))}`,
      );
      return (await answer.text()).split(':')[0];
    };
    assert.equal(await reasonOf({ ...CLAIMS, ...expired }), 'credential_expired');
    assert.equal(await reasonOf({ ...CLAIMS, ...expired, run: 8 }), 'credential_invalid');
  });

  test('may come without a credential first, as wget and curl --anyauth do', async () => {
    for (let run = 0; run < 10; run += 1) {
      const answer = await curl([
        ...['--anyauth', '--user', 'ann:secret of ann', '--request', 'PUT'],
        ...['--data-binary', 'rows 1\n', `${gateway.url}/metrics/job/a`],
      ]);
      assert.equal(answer.status, 200, answer.body);
    }
  });

  test('is not held up by wrong passwords of the same name and address, once verified', async () => {
    assert.equal(await push(BASIC.authorization), 200);
    const token = await key.sign(goodClaims(ISSUER, CLAIMS));
    const statuses: number[] = [];
    for (let run = 0; run < 8; run += 1) statuses.push(await push(basic('ann', `wrong ${run}`)));
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    for (const authorization of [
      BASIC.authorization,
      basic('bob', 'secret of bob'),
      TOKEN.authorization,
      basic('nightly', TOKEN.secret),
      `Bearer ${token}`,
      basic('build', token),
    ]) {
      assert.equal(await push(authorization), 200);
    }
    for (let run = 0; run < 20; run += 1) {
      assert.equal(await push('Bearer wrong'), 401);
      assert.equal(await push(`${`Bearer ${token}`.slice(0, -6)}AAAAAA`), 401);
    }
    assert.equal(await push(`Bearer ${token}`), 200);
  });
});

describe('files that say who may come in', () => {
  const stack = new AsyncDisposableStack();
  let gateway: GatewayProcess;
  let scratch: Scratch;
  let key: SigningKey;
  before(async () => {
    scratch = stack.use(await createScratch());
    const upstream = stack.use(await startRecordingUpstream());
    key = await createSigningKey('k');
    gateway = stack.use(await startGatewayProcess(await render(scratch, upstream, key, 1000)));
  });
  after(() => stack.disposeAsync());

  const push = async (authorization: string) => (await pushAs(gateway.url, authorization)).status;
  const becomes = (status: number, authorization: string) =>
    eventually(`status ${status}`, async () => (await push(authorization)) === status || undefined);

  test('are watched: a user who is added comes in, and one who is removed does not', async () => {
    const [bob, cem] = [basic('bob', 'secret of bob'), basic('cem', 'secret of cem')];
    assert.deepEqual([await push(bob), await push(cem)], [200, 401]);
    await scratch.write(
      'users.htpasswd',
      line('bob', 'secret of bob') + line('cem', 'secret of cem'),
    );
    await becomes(200, cem);
    assert.equal(await push(bob), 200);
    await scratch.write('users.htpasswd', line('cem', 'secret of cem'));
    await becomes(401, bob);
    assert.equal(await push(cem), 200);
    const reloads = (await gateway.auditRecords()).filter(({ event }) => event === 'reload');
    assert.deepEqual(
      reloads.map((record) => record.event === 'reload' && record.changed),
      [['teams.hosts'], ['teams.hosts']],
    );
  });

  test('are watched: a key that is withdrawn ends the tokens it proved', async () => {
    const token = `Bearer ${await key.sign(goodClaims(ISSUER, CLAIMS))}`;
    assert.equal(await push(token), 200);
    const next = await createSigningKey('next');
    await scratch.write('keys.json', renderKeys(next));
    await becomes(200, `Bearer ${await next.sign(goodClaims(ISSUER, CLAIMS))}`);
    assert.equal(await push(token), 401);
  });

  test('change nothing while they are broken', async () => {
    const cem = basic('cem', 'secret of cem');
    assert.equal(await push(cem), 200);
    await scratch.write('users.htpasswd', 'cem:secret of cem\n');
    const refused = await eventually('the refusal', () =>
      gateway.log.find((one) => one.includes('reload refused')),
    );
    assert.match(refused, /users\.htpasswd: line 1: a password in plain text is not supported/);
    assert.ok(!refused.includes('secret of cem'));
    assert.equal(await push(cem), 200);
    await scratch.write('users.htpasswd', line('cem', 'secret of cem'));
    await delay(1500);
    assert.equal(await push(cem), 200);
  });

  test('change under load without one push that fails', async () => {
    const next = await createSigningKey('load');
    const token = await next.sign(goodClaims(ISSUER, CLAIMS));
    await scratch.write('keys.json', renderKeys(next));
    await becomes(200, `Bearer ${token}`);
    const users = line('cem', 'secret of cem');
    const known = [basic('cem', 'secret of cem'), BASIC.authorization, TOKEN.authorization];
    const statuses: number[] = [];
    let isOver = false;
    const workers = [...known, `Bearer ${token}`].map(async (authorization) => {
      while (!isOver) {
        statuses.push(await push(authorization));
      }
    });
    for (let run = 0; run < 10 || statuses.length < 300; run += 1) {
      await scratch.write('users.htpasswd', users + line(`user${run}`, 'x'));
      const reload = await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
      assert.equal(reload.status, 200);
    }
    isOver = true;
    await Promise.all(workers);
    assert.deepEqual([...new Set(statuses)], [200]);
  });
});

test('the users of an exporter with basic_auth_users come in as they are', async () => {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const hash = hashSync('secret of dee', { cost: 4 });
  const file = await scratch.write('web.yml', `basic_auth_users:\n  dee: ${hash}\n`);
  const credentials = [{ type: 'htpasswd', name: 'web', file }];
  const teams = { hosts: { jobs: ['*'], credentials } };
  await using gateway = await startGateway({ upstream: { url: upstream.url }, teams });
  const statuses = await Promise.all(
    ['secret of dee', 'wrong'].map((one) => pushAs(gateway.url, basic('dee', one))),
  );
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 401],
  );
});
