import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { createAuthority } from '../support/certificates.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { AUDIENCE, goodClaims } from '../support/issuer-server.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { createSigningKey } from '../support/signing-key.ts';
import { basicCredential, tokenCredential } from '../support/test-credential.ts';

/** Row 30: what a configuration no longer has is refused at once, whatever was remembered of it. */

const ISSUER = 'https://ci.example';
const LIMIT = 3;
const BASIC = basicCredential('ann', 'secret of ann');
const TOKEN = tokenCredential('nightly');

interface Holder {
  readonly spec: object;
  readonly authorization?: string;
}

describe('credentials that a configuration no longer has', () => {
  const stack = new AsyncDisposableStack();
  let gateway: GatewayProcess;
  let holders: Readonly<Record<string, Holder>>;
  let agent: Agent;
  before(async () => {
    const scratch = stack.use(await createScratch());
    const upstream = stack.use(await startRecordingUpstream());
    const authority = createAuthority(scratch.path, 'authority');
    const own = authority.issue('gateway', { san: 'DNS:localhost' });
    const host = authority.issue('host', { san: 'DNS:a.edge.example' });
    const key = await createSigningKey('k');
    const users = await scratch.write('users', `bob:${hashSync('secret of bob', { cost: 4 })}\n`);
    const jwt = await key.sign(goodClaims(ISSUER));
    holders = {
      basic: BASIC,
      htpasswd: {
        spec: { type: 'htpasswd', name: 'old', file: users },
        authorization: `Basic ${btoa('bob:secret of bob')}`,
      },
      token: TOKEN,
      jwt: {
        spec: { type: 'jwt', name: 'build', issuer: 'ci', claims: { sub: 'repo:acme/payments' } },
        authorization: `Bearer ${jwt}`,
      },
      certificate: { spec: { type: 'certificate', name: 'edge', san: '*.edge.example' } },
    };
    const jwks = JSON.stringify({ keys: [key.publicJwk] });
    const ci = { issuer: ISSUER, audience: AUDIENCE, jwks_file: await scratch.write('jwks', jwks) };
    const tls = { cert_file: own.cert, key_file: own.key, client_ca_file: authority.cert };
    const document = {
      upstream: { url: upstream.url },
      tls,
      issuers: { ci },
      failures: { per: '1h', limit: LIMIT },
      teams: teamsWith(Object.keys(holders)),
    };
    gateway = stack.use(await startGatewayProcess(document));
    const [ca, cert, certKey] = await Promise.all(
      [authority.cert, host.cert, host.key].map((file) => readFile(file)),
    );
    agent = new Agent({ keepAlive: true, maxSockets: 1, ca, cert, key: certKey });
    stack.defer(() => agent.destroy());
  });
  after(() => stack.disposeAsync());

  function teamsWith(kinds: readonly string[], changes: Readonly<Record<string, object>> = {}) {
    const specs = kinds.map((kind) => changes[kind] ?? holders[kind]?.spec);
    return { hosts: { jobs: ['*'], credentials: specs } };
  }

  /** Pushes on the one connection. */
  async function push(authorization: string | undefined): Promise<number | undefined> {
    const url = `https://localhost:${gateway.port}/metrics/job/a`;
    const headers = authorization === undefined ? {} : { authorization };
    const sent = request(url, { method: 'PUT', agent, headers }).end('rows 1\n');
    const [answer] = await once(sent, 'response');
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode;
  }

  async function reload(change: object): Promise<void> {
    const document = JSON.parse(await readFile(gateway.configFile, 'utf8'));
    await writeFile(gateway.configFile, JSON.stringify({ ...document, ...change }));
    const answer = await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
    assert.equal(answer.status, 200, await answer.text());
  }

  for (const kind of ['basic', 'htpasswd', 'token', 'jwt', 'certificate']) {
    test(`row 30: ${kind} is refused from the next request after it is removed, and let in once it is back`, async () => {
      const kinds = Object.keys(holders);
      const authorization = holders[kind]?.authorization;
      assert.deepEqual([await push(authorization), await push(authorization)], [200, 200]);
      await reload({ teams: teamsWith(kinds.filter((one) => one !== kind)) });
      assert.equal(await push(authorization), 401);
      await reload({ teams: teamsWith(kinds) });
      assert.equal(await push(authorization), 200);
    });
  }

  test('row 30: a password is remembered over a reload for as long as its hash is the same', async () => {
    const kinds = Object.keys(holders);
    assert.equal(await push(BASIC.authorization), 200);
    // From here on no hash is started for the name: who comes in was remembered.
    for (let run = 0; run < LIMIT; run += 1) await push(`Basic ${btoa(`ann:wrong ${run}`)}`);
    assert.equal(await push(`Basic ${btoa('ann:wrong')}`), 429);
    await reload({ deny_networks: ['192.0.2.0/24'] });
    assert.equal(await push(BASIC.authorization), 200);
    const passwordHash = hashSync('secret of ann', { cost: 4 });
    const other = { ...BASIC.spec, password_hash: passwordHash };
    await reload({ teams: teamsWith(kinds, { basic: other }) });
    assert.equal(await push(BASIC.authorization), 429);
    await reload({ teams: teamsWith(kinds) });
    assert.equal(await push(BASIC.authorization), 200);
  });
});
