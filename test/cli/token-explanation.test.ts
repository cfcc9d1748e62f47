import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { explainToken } from '../../src/cli/token-explanation.ts';
import type { CredentialSpec } from '../../src/core/identity/credential.ts';
import { SIGNATURE_ALGORITHMS } from '../../src/core/identity/issuer.ts';
import { createJwtVerifier } from '../../src/credentials/jwt-verifier.ts';
import { createFixedKeySet } from '../../src/credentials/key-set.ts';
import { AUDIENCE, goodClaims } from '../support/issuer-server.ts';
import { manualClock } from '../support/manual-clock.ts';
import { createSigningKey } from '../support/signing-key.ts';
import { teamSpec } from '../support/team-spec.ts';

const ISSUER = 'https://ci.example';
const KEY = await createSigningKey('k');
const CLOCK = manualClock();

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function jwt(name: string, claims: Readonly<Record<string, string>>): CredentialSpec {
  const conditions = Object.entries(claims).map(([claim, one]) => ({ claim, patterns: [one] }));
  return { type: 'jwt', name, issuer: 'ci', claims: conditions };
}

const OLD = CLOCK.now() - 1000;
const TEAMS = [
  teamSpec({
    name: 'billing',
    credentials: [
      jwt('build', { repository_id: '456' }),
      { type: 'token', name: 'nightly', sha256: sha256('pwt_nightly') },
      { type: 'token', name: 'old', sha256: sha256('pwt_old'), expires: OLD },
    ],
  }),
  teamSpec({
    name: 'payments',
    credentials: [jwt('deploy', { repository_id: '7', ref: 'main' })],
  }),
];

function explain(token: string, hasKeys = true) {
  const keys = createFixedKeySet(JSON.stringify({ keys: [KEY.publicJwk] }));
  const none = { ...keys, current: () => undefined, load: async () => undefined };
  const spec = {
    name: 'ci',
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: SIGNATURE_ALGORITHMS,
    maxLifetimeMs: 3_600_000,
    maxStaleMs: 0,
    keys: { type: 'file', jwks: '' },
  } as const;
  const verifier = createJwtVerifier([{ spec, keys: hasKeys ? keys : none }], CLOCK);
  return explainToken(token, { teams: TEAMS, verifier, now: CLOCK.now() });
}

/** A step in a line. */
function lines({ steps }: Awaited<ReturnType<typeof explain>>): readonly string[] {
  return steps.map(({ step, effect, detail }) => `${effect} ${step}: ${detail}`);
}

test('a token of the configuration is named', async () => {
  assert.deepEqual(await explain('pwt_nightly'), {
    decision: 'allow',
    reason: 'ok',
    team: 'billing',
    credential: 'nightly',
    steps: [{ step: 'credential', effect: 'allow', detail: 'nightly of team billing' }],
  });
});

test('a token that has expired is told from one that nobody has', async () => {
  const old = await explain('pwt_old');
  assert.deepEqual([old.reason, old.status], ['credential_expired', 401]);
  assert.deepEqual(lines(old), [
    'allow credential: old of team billing',
    `deny expiry: the credential expired at ${new Date(OLD).toISOString()}`,
  ]);
  const unknown = await explain('pwt_unknown');
  assert.deepEqual([unknown.reason, unknown.status], ['credential_invalid', 401]);
  assert.deepEqual(lines(unknown), [
    `skip token: no credential has the SHA-256 ${sha256('pwt_unknown')}`,
    'deny jwt: it is none: not three parts',
  ]);
});

test('of a JWT the claims are shown, and of each credential the first condition that fails', async () => {
  const claims = goodClaims(ISSUER, { repository_id: '7', ref: 'main' });
  const token = await KEY.sign(claims);
  const explanation = await explain(token);
  assert.deepEqual(explanation.claims, claims);
  assert.deepEqual([explanation.team, explanation.credential], ['payments', 'deploy']);
  assert.deepEqual(lines(explanation), [
    `skip token: no credential has the SHA-256 ${sha256(token)}`,
    'allow jwt: issuer ci: "sub" is "repo:acme/payments"',
    'skip credential: build of team billing: claim "repository_id" is "7", not "456"',
    'allow credential: deploy of team payments',
  ]);
});

test('a JWT that is good and no credential is said to be just that', async () => {
  const explanation = await explain(await KEY.sign(goodClaims(ISSUER, { repository_id: '8' })));
  assert.equal(explanation.reason, 'credential_invalid');
  assert.equal(lines(explanation).at(-1), 'deny credential: there is none for this token');
  assert.equal(explanation.steps.length, 5);
});

test('of a JWT that has expired it is said whose it was', async () => {
  const exp = Math.floor(CLOCK.now() / 1000) - 100;
  const claims = goodClaims(ISSUER, { repository_id: '456', iat: exp - 60, exp });
  const explanation = await explain(await KEY.sign(claims));
  assert.equal(explanation.reason, 'credential_expired');
  assert.deepEqual(lines(explanation).slice(-2), [
    'allow credential: build of team billing',
    `deny expiry: the token expired, "exp" is ${exp}`,
  ]);
});

const broken: readonly (readonly [
  claims: object,
  header: Readonly<Record<string, string>>,
  why: string | RegExp,
  isProved: boolean,
])[] = [
  [
    { aud: 'other' },
    {},
    `issuer ci: unexpected "aud" claim value, it is "other", not "${AUDIENCE}"`,
    true,
  ],
  [{ sub: '' }, {}, 'issuer ci: "sub" is not 1 to 512 printable ASCII characters', true],
  [{ nbf: 4e9 }, {}, 'issuer ci: "nbf" claim timestamp check failed, it is 4000000000', true],
  [{ exp: 4e9 }, {}, /^issuer ci: it lives \d+ s, longer than max_lifetime$/, true],
  [{ iss: 'x' }, {}, `no issuer is configured for the "iss" "x", only for "${ISSUER}"`, false],
  [{}, { kid: 'other' }, 'issuer ci: it has no key for "ES256" whose "kid" is "other"', false],
];
for (const [claims, header, why, isProved] of broken) {
  const what = JSON.stringify({ ...claims, ...header });
  test(`a JWT with ${what} is said to be invalid, and why`, async () => {
    const given = goodClaims(ISSUER, claims);
    const explanation = await explain(await KEY.sign(given, header));
    assert.equal(explanation.reason, 'credential_invalid');
    assert.deepEqual(explanation.claims, isProved ? given : undefined);
    const last = lines(explanation).at(-1) ?? '';
    if (typeof why === 'string') assert.equal(last, `deny jwt: ${why}`);
    else assert.match(last.slice('deny jwt: '.length), why);
  });
}

test('a JWT whose signature is wrong is said to be invalid, and its claims are not shown', async () => {
  const forged = await (await createSigningKey('k')).sign(goodClaims(ISSUER));
  const explanation = await explain(forged);
  assert.equal(explanation.claims, undefined);
  assert.equal(lines(explanation).at(-1), 'deny jwt: issuer ci: signature verification failed');
});

const NO_HEADERS = [
  ['', 'the Authorization header is neither Basic nor Bearer'],
  ['two words', 'the Authorization header is neither Basic nor Bearer'],
  [`e30.${'A'.repeat(9000)}.AA`, 'the Authorization header is too long'],
] as const;
for (const [token, why] of NO_HEADERS) {
  test(`a token like ${JSON.stringify(token.slice(0, 9))} that no header carries is not looked at`, async () => {
    const explanation = await explain(token);
    assert.equal(explanation.reason, 'credential_invalid');
    assert.deepEqual(lines(explanation), [`deny header: ${why}`]);
  });
}

test('without the keys of its issuer a JWT is not said to be invalid', async () => {
  const explanation = await explain(await KEY.sign(goodClaims(ISSUER)), false);
  assert.deepEqual([explanation.reason, explanation.status], ['issuer_unavailable', 503]);
  assert.equal(lines(explanation).at(-1), 'deny jwt: issuer ci: its keys could not be loaded');
});
