import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { finish } from '../../src/core/steps.ts';
import { createAuthenticators } from '../../src/credentials/registry.ts';
import { authenticate } from '../../src/pipeline/authenticate.ts';
import { ADDRESS, credentialContext, recordingVerifier } from '../support/credential-context.ts';
import { denied } from '../support/decision.ts';
import { requestHeaders } from '../support/gateway-request.ts';
import { teamSpec } from '../support/team-spec.ts';

/**
 * The attack: find out what jwt credentials are called. As a Basic user name beside a password that
 * looks like a token, a name that exists was answered in 1 ms, any other after a hash of 200 ms.
 */
const FORGED = [
  Buffer.from(JSON.stringify({ alg: 'RS256' })).toString('base64url'),
  Buffer.from(JSON.stringify({ iss: 'https://issuer.example', sub: 'a' })).toString('base64url'),
  'c2lnbmF0dXJl',
].join('.');
const PASSWORD_HASH = hashSync('secret', { cost: 4 });

test('beside a token no user name starts a hash, whether it is that of a credential, a user, or nobody', async () => {
  const passwords = recordingVerifier();
  const team = teamSpec({
    credentials: [
      { type: 'jwt', name: 'ci', issuer: 'github', claims: [] },
      { type: 'basic', name: 'cron', username: 'cron', passwordHash: PASSWORD_HASH },
    ],
  });
  const authenticators = finish(createAuthenticators([team], credentialContext({ passwords })));
  const refusals = [];
  for (const name of ['ci', 'cron', 'nobody']) {
    const login = Buffer.from(`${name}:${FORGED}`).toString('base64');
    const headers = requestHeaders({ authorization: `Basic ${login}` });
    refusals.push(denied(await authenticate({ headers }, ADDRESS, { authenticators })));
  }
  assert.deepEqual(passwords.started, []);
  assert.equal(refusals[0]?.reason, 'credential_invalid');
  assert.deepEqual(refusals, [refusals[0], refusals[0], refusals[0]]);
});
