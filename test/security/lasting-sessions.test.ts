import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { CLOCK_TOLERANCE } from '../../src/credentials/verify-jwt.ts';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { AUDIENCE, goodClaims } from '../support/issuer-server.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { createSigningKey, type SigningKey } from '../support/signing-key.ts';
import { tokenCredential } from '../support/test-credential.ts';

/**
 * The attacks: sign in to the page with a token of a CI job and go on for hours after it ended, or
 * after its key was withdrawn; and cookies that a neighbouring site sets, to lock people out or to
 * have them work in a session that is not theirs.
 */
const ISSUER = 'https://ci.example';
const TOKEN = tokenCredential('nightly');
const PROXIED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'push.example.com' };

describe('sessions of the page', () => {
  const stack = new AsyncDisposableStack();
  let gateway: GatewayProcess;
  let kept: SigningKey;
  let withdrawn: SigningKey;
  let keyFile: string;
  before(async () => {
    const scratch = stack.use(await createScratch());
    const upstream = stack.use(await startRecordingUpstream());
    [kept, withdrawn] = await Promise.all([createSigningKey('kept'), createSigningKey('gone')]);
    keyFile = await scratch.write('jwks', renderKeys(kept, withdrawn));
    const build = { type: 'jwt', name: 'build', issuer: 'ci', claims: { iss: ISSUER } };
    gateway = stack.use(
      await startGatewayProcess({
        upstream: { url: upstream.url },
        trusted_proxies: ['127.0.0.1'],
        issuers: { ci: { issuer: ISSUER, audience: AUDIENCE, jwks_file: keyFile } },
        teams: { payments: { jobs: ['*'], allow: ['read'], credentials: [build, TOKEN.spec] } },
      }),
    );
  });
  after(() => stack.disposeAsync());

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(gateway.url + path, { redirect: 'manual', ...init });
  const look = async (cookie: string, headers: object = {}): Promise<number> =>
    (await ask('/ui/', { headers: { cookie, ...headers } })).status;
  const readCookie = (answer: Response): string => {
    assert.equal(answer.status, 303);
    return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  };
  const signIn = async (token: string, headers: Record<string, string> = {}): Promise<string> =>
    readCookie(
      await ask('/ui/sign-in', { method: 'POST', headers, body: new URLSearchParams({ token }) }),
    );
  const signInByBasic = async (password: string): Promise<string> => {
    const authorization = `Basic ${btoa(`build:${password}`)}`;
    return readCookie(await ask('/ui/sign-in/basic', { headers: { authorization } }));
  };

  for (const [name, begin] of [
    ['the form', signIn],
    ['Basic', signInByBasic],
  ] as const) {
    test(`by ${name}, one ends with its token`, async () => {
      const exp = Math.floor(Date.now() / 1000) - CLOCK_TOLERANCE + 4;
      const cookie = await begin(await kept.sign({ ...goodClaims(ISSUER), exp }));
      assert.equal(await look(cookie), 200);
      await eventually('401', async () => ((await look(cookie)) === 401 ? true : undefined));
    });
  }

  test('one ends with the key of its token', async () => {
    const lasting = await signIn(await kept.sign(goodClaims(ISSUER)));
    const cookie = await signIn(await withdrawn.sign(goodClaims(ISSUER)));
    assert.equal(await look(cookie), 200);
    await writeFile(keyFile, renderKeys(kept));
    assert.equal((await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' })).status, 200);
    assert.equal(await look(cookie), 401);
    assert.equal(await look(lasting), 200);
  });

  test('a cookie that another site has set locks nobody out', async () => {
    const cookie = await signIn(TOKEN.secret);
    const foreign = `pushwarden_session=${'x'.repeat(43)}`;
    assert.equal(await look(`${foreign}; ${cookie}`), 200);
    assert.equal(await look(`pushwarden_session=; ${foreign}; ${cookie}`), 200);
    assert.equal(await look(foreign), 401);
  });

  test('of two sessions none counts, until somebody signs in', async () => {
    const both = `${await signIn(TOKEN.secret)}; ${await signIn(TOKEN.secret)}`;
    assert.equal(await look(both), 401);
    const cookie = await signIn(TOKEN.secret, { cookie: both });
    assert.equal(await look(`${both}; ${cookie}`), 200);
  });

  test('under TLS a cookie counts by a name that plain HTTP cannot set', async () => {
    const origin = { origin: 'https://push.example.com' };
    const cookie = await signIn(TOKEN.secret, { ...PROXIED, ...origin });
    assert.match(cookie, /^__Secure-pushwarden_session=/);
    assert.equal(await look(cookie, PROXIED), 200);
    assert.equal(await look(cookie.replace('__Secure-', ''), PROXIED), 401);
  });
});

function renderKeys(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
}
