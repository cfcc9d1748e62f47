import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import type { CredentialSpec } from '../../src/core/identity/credential.ts';
import type { Principal } from '../../src/core/identity/principal.ts';
import { finish } from '../../src/core/steps.ts';
import { createAuthenticators, renderChallenges } from '../../src/credentials/registry.ts';
import { authenticate } from '../../src/pipeline/authenticate.ts';
import { ADDRESS, credentialContext, recordingVerifier } from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';
import { gatewayRequest } from '../support/gateway-request.ts';
import { teamSpec } from '../support/team-spec.ts';

const BASIC: CredentialSpec = {
  type: 'basic',
  name: 'cron',
  username: 'ci',
  passwordHash: hashSync('secret', { cost: 4 }),
};
const TOKEN: CredentialSpec = {
  type: 'token',
  name: 'nightly',
  sha256: createHash('sha256').update('pwt_a').digest('hex'),
};
const BASIC_CHALLENGE = 'Basic realm="pushwarden", charset="UTF-8"';
const BEARER_CHALLENGE = 'Bearer realm="pushwarden"';

const CHALLENGES: readonly (readonly [
  what: string,
  credentials: readonly CredentialSpec[],
  challenges: readonly string[],
])[] = [
  ['nothing', [], [BEARER_CHALLENGE]],
  ['basic', [BASIC], [BASIC_CHALLENGE]],
  ['token', [TOKEN], [BEARER_CHALLENGE]],
  ['token and basic', [TOKEN, BASIC], [BASIC_CHALLENGE, BEARER_CHALLENGE]],
  ['htpasswd', [{ type: 'htpasswd', name: 'h', users: [] }], [BASIC_CHALLENGE]],
  [
    'jwt and token',
    [{ type: 'jwt', name: 'j', issuer: 'i', claims: [] }, TOKEN],
    [BEARER_CHALLENGE],
  ],
];
for (const [what, credentials, challenges] of CHALLENGES) {
  test(`renderChallenges offers what ${what} needs, Basic first and each once`, () => {
    const teams = [
      teamSpec({ name: 'a', credentials }),
      teamSpec({ name: 'b', credentials: credentials.toReversed() }),
    ];
    assert.deepEqual(renderChallenges(teams), challenges);
  });
}

test('createAuthenticators makes none when nobody has a credential', () => {
  assert.deepEqual(finish(createAuthenticators([teamSpec()], credentialContext())), []);
});

const TEAMS = [
  teamSpec({ name: 'a', credentials: [BASIC] }),
  teamSpec({ name: 'b', credentials: [TOKEN] }),
];

const PRINCIPALS: readonly (readonly [header: string, principal: Principal, hashes: number])[] = [
  ['Bearer pwt_a', { team: 'b', credential: 'nightly', scheme: 'token' }, 0],
  [`Basic ${btoa('nightly:pwt_a')}`, { team: 'b', credential: 'nightly', scheme: 'token' }, 0],
  [`Basic ${btoa('ci:secret')}`, { team: 'a', credential: 'cron', scheme: 'basic' }, 1],
];
for (const [authorization, principal, hashes] of PRINCIPALS) {
  test(`"${authorization}" is the ${principal.scheme} of its team, for ${hashes} hashes`, async () => {
    const passwords = recordingVerifier();
    const authenticators = finish(createAuthenticators(TEAMS, credentialContext({ passwords })));
    const request = gatewayRequest({ headers: { authorization } });
    assert.deepEqual(allowed(await authenticate(request, ADDRESS, { authenticators })), principal);
    assert.equal(passwords.started.length, hashes);
  });
}

for (const userPass of ['ci:pwt_a', 'nightly:secret', 'a:secret', 'b:pwt_a']) {
  test(`"${userPass}" mixes two credentials and is refused`, async () => {
    const authenticators = finish(createAuthenticators(TEAMS, credentialContext()));
    const request = gatewayRequest({ headers: { authorization: `Basic ${btoa(userPass)}` } });
    const decision = await authenticate(request, ADDRESS, { authenticators });
    assert.equal(denied(decision).reason, 'credential_invalid');
  });
}
