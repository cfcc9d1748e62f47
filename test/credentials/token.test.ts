import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { TokenSpec } from '../../src/core/identity/credential.ts';
import { createTokenAuthenticator } from '../../src/credentials/token.ts';
import { testAuthenticator } from '../conformance/authenticator.ts';
import { ADDRESS, credentialContext } from '../support/credential-context.ts';
import { allowed } from '../support/decision.ts';

const TOKEN = 'pwt_Zm9vYmFy-_~+/=';

function specOf(name: string, token: string, expires?: number): TokenSpec {
  const sha256 = createHash('sha256').update(token).digest('hex');
  return { type: 'token', name, sha256, ...(expires !== undefined && { expires }) };
}

function create(...specs: readonly TokenSpec[]) {
  const credentials = specs.map((spec) => ({ team: 'payments', spec }));
  const authenticator = createTokenAuthenticator(credentials, credentialContext());
  return authenticator ?? assert.fail('there is no authenticator');
}

function bearer(token: string) {
  return { scheme: 'bearer', token } as const;
}

function basic(username: string, password: string) {
  return { scheme: 'basic', username, password } as const;
}

const { sha256 } = specOf('nightly', TOKEN);
const WRONG_TOKENS = ['', TOKEN.toUpperCase(), `${TOKEN} `, TOKEN.slice(0, -1), sha256, 'pwt_'];

for (const [kind, valid] of [
  ['a token as Bearer', bearer(TOKEN)],
  ['a token as Basic', basic('nightly', TOKEN)],
] as const) {
  testAuthenticator({
    kind,
    create: (expires) => create(specOf('nightly', TOKEN, expires)),
    valid,
    principal: { team: 'payments', credential: 'nightly', scheme: 'token' },
    wrong: [
      ...WRONG_TOKENS.flatMap((token) => [bearer(token), basic('nightly', token)]),
      basic('Nightly', TOKEN),
      basic('', TOKEN),
      basic('payments', TOKEN),
      basic(TOKEN, 'nightly'),
      bearer(`nightly:${TOKEN}`),
    ],
    foreign: [],
  });
}

const UNKNOWN = [bearer('other'), basic('nightly', 'other'), basic('other', TOKEN)];
for (const presented of UNKNOWN) {
  const what = JSON.stringify(presented);
  test(`the token authenticator leaves ${what} to those asked after it`, async () => {
    const authenticator = create(specOf('nightly', TOKEN));
    assert.equal(await authenticator.authenticate(presented, ADDRESS), undefined);
  });
}

test('each token goes by its own name', async () => {
  const authenticator = create(specOf('a', 'token-a'), specOf('b', 'token-b'));
  const nameOf = async (token: string) => {
    const decision = await authenticator.authenticate(bearer(token), ADDRESS);
    return decision && allowed(decision).credential;
  };
  assert.deepEqual([await nameOf('token-a'), await nameOf('token-b')], ['a', 'b']);
  assert.equal(await authenticator.authenticate(basic('a', 'token-b'), ADDRESS), undefined);
});

test('there is no authenticator without tokens', () => {
  assert.equal(createTokenAuthenticator([], credentialContext()), undefined);
});
