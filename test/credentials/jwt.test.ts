import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import type { PresentedCredential } from '../../src/core/identity/authorization-header.ts';
import type { JwtSpec } from '../../src/core/identity/credential.ts';
import { type IssuerSpec, SIGNATURE_ALGORITHMS } from '../../src/core/identity/issuer.ts';
import { finish } from '../../src/core/steps.ts';
import { createJwtAuthenticator } from '../../src/credentials/jwt.ts';
import type { Issuer } from '../../src/credentials/jwt-verifier.ts';
import { createFixedKeySet, type KeySet } from '../../src/credentials/key-set.ts';
import { testAuthenticator } from '../conformance/authenticator.ts';
import { ADDRESS, credentialContext, NOW as NOW_MS } from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';
import { manualClock } from '../support/manual-clock.ts';
import { createSigningKey, type SigningKey } from '../support/signing-key.ts';

const ISSUER = 'https://issuer.example';
const HOUR = 3600;
const CLOCK = manualClock(NOW_MS);
const NOW = NOW_MS / 1000;

const KEY = await createSigningKey('k1');
const OTHER_KEY = await createSigningKey('k1');

const SPEC: IssuerSpec = {
  name: 'ci',
  issuer: ISSUER,
  audience: 'pushgw',
  algorithms: SIGNATURE_ALGORITHMS,
  maxLifetimeMs: 24 * HOUR * 1000,
  maxStaleMs: 24 * HOUR * 1000,
  keys: { type: 'file', jwks: '' },
};
const CREDENTIAL: JwtSpec = {
  type: 'jwt',
  name: 'build',
  issuer: 'ci',
  claims: [{ claim: 'repository_id', patterns: ['456'] }],
};
const CLAIMS = {
  iss: ISSUER,
  aud: 'pushgw',
  sub: 'repo:acme/payments',
  repository_id: '456',
  iat: NOW - 60,
  exp: NOW + 240,
};

function fixedKeys(...keys: readonly SigningKey[]): KeySet {
  return createFixedKeySet(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
}

interface Setting {
  readonly credentials?: readonly (readonly [team: string, spec: JwtSpec])[];
  readonly issuers?: readonly Issuer[];
  readonly clock?: typeof CLOCK;
}

function openStage({ credentials = [['payments', CREDENTIAL]], issuers, clock = CLOCK }: Setting) {
  const authenticator = finish(
    createJwtAuthenticator(
      credentials.map(([team, spec]) => ({ team, spec })),
      credentialContext({ clock, issuers: issuers ?? [{ spec: SPEC, keys: fixedKeys(KEY) }] }),
    ),
  );
  assert.ok(authenticator);
  return (presented: PresentedCredential) => authenticator.authenticate(presented, ADDRESS);
}

/** What becomes of a token as Bearer. */
async function present(token: string, setting: Setting = {}) {
  const decision = await openStage(setting)({ scheme: 'bearer', token });
  return decision ?? assert.fail('not taken for a JWT');
}

const VALID = await KEY.sign(CLAIMS);
testAuthenticator({
  kind: 'jwt',
  create(expires) {
    const spec = { ...CREDENTIAL, ...(expires !== undefined && { expires }) };
    const authenticate = openStage({ credentials: [['payments', spec]] });
    return { authenticate: (presented) => authenticate(presented) };
  },
  valid: { scheme: 'bearer', token: VALID },
  principal: {
    team: 'payments',
    credential: 'build',
    scheme: 'jwt',
    subject: 'repo:acme/payments',
  },
  wrong: [
    { scheme: 'bearer', token: await OTHER_KEY.sign(CLAIMS) },
    { scheme: 'bearer', token: await KEY.sign({ ...CLAIMS, repository_id: '457' }) },
    { scheme: 'bearer', token: `${VALID.slice(0, -4)}AAAA` },
    { scheme: 'bearer', token: VALID.slice(1) },
    { scheme: 'basic', username: 'nobody', password: VALID },
  ],
  foreign: [{ scheme: 'bearer', token: 'pwt_abc' }],
});

test('a token that meets every condition is the team, with its subject', async () => {
  assert.deepEqual(allowed(await present(await KEY.sign(CLAIMS))), {
    team: 'payments',
    credential: 'build',
    scheme: 'jwt',
    subject: 'repo:acme/payments',
  });
});

for (const algorithm of SIGNATURE_ALGORITHMS) {
  test(`a token signed with ${algorithm} is taken`, async () => {
    const key = await createSigningKey('k1', algorithm);
    const issuers = [{ spec: SPEC, keys: fixedKeys(key) }];
    assert.equal(allowed(await present(await key.sign(CLAIMS), { issuers })).team, 'payments');
  });
}

const NO_JWT = [
  'pwt_abc',
  'a.b',
  'a.b.c',
  'a.b.c.d',
  '..',
  'e30.e30.',
  'e30.e30.AA=',
  'W10.e30.AA',
];
for (const token of NO_JWT) {
  test(`${token} is left to the other authenticators`, async () => {
    const authenticate = openStage({});
    assert.equal(await authenticate({ scheme: 'bearer', token }), undefined);
    const basic = { scheme: 'basic', username: 'build', password: token } as const;
    assert.equal(await authenticate(basic), undefined);
  });
}

describe('a claim that is not as it must be makes a token invalid:', () => {
  const cases: readonly (readonly [what: string, claims: object, why: RegExp])[] = [
    ['no exp', { exp: undefined }, /missing required "exp" claim, it is missing$/],
    ['no iat', { iat: undefined }, /missing required "iat" claim/],
    ['no sub', { sub: undefined }, /missing required "sub" claim/],
    ['no aud', { aud: undefined }, /missing required "aud" claim/],
    ['exp as text', { exp: String(NOW + 240) }, /"exp" claim must be a (finite )?number/],
    ['exp at the end of time', { exp: 1e308 }, /longer than max_lifetime$/],
    ['a life that is too long', { exp: NOW - 59 + 24 * HOUR }, /it lives 86401 s, longer than/],
    ['nbf in the future', { nbf: NOW + 31 }, /"nbf" claim timestamp check failed/],
    ['iat in the future', { iat: NOW + 31 }, /"iat" claim timestamp check failed/],
    [
      'another audience',
      { aud: 'other' },
      /unexpected "aud" claim value, it is "other", not "pushgw"$/,
    ],
    ['audiences without ours', { aud: ['a', 'b'] }, /unexpected "aud" claim value/],
    ['an empty audience', { aud: [] }, /unexpected "aud" claim value/],
    ['another issuer', { iss: 'https://other' }, /^no issuer is configured for the "iss" "https:/],
    ['the issuer with a slash', { iss: `${ISSUER}/` }, /^no issuer is configured/],
    ['an issuer that is a list', { iss: [ISSUER] }, /^no issuer is configured/],
    [
      'no issuer',
      { iss: undefined },
      /^no issuer is configured for the "iss" "", only for "https:/,
    ],
    ['an empty sub', { sub: '' }, /"sub" is not 1 to 512 printable ASCII characters$/],
    ['a sub with an emoji', { sub: 'root\u{1f600}' }, /"sub" is not/],
    ['a sub with a line end', { sub: 'a\r\nb' }, /"sub" is not/],
    ['a sub that is a number', { sub: 7 }, /"sub" is not/],
    ['a sub that is very long', { sub: 'x'.repeat(513) }, /"sub" is not/],
    ['an unmet condition', { repository_id: '457' }, /^credential build of team payments: claim /],
  ];
  for (const [what, claims, why] of cases) {
    test(what, async () => {
      const refusal = denied(await present(await KEY.sign({ ...CLAIMS, ...claims })));
      assert.equal(refusal.reason, 'credential_invalid');
      assert.match(refusal.internal ?? '', why);
      assert.equal(refusal.detail, undefined);
    });
  }
});

describe('dates within thirty seconds are taken:', () => {
  const cases = [
    ['exp', { exp: NOW - 29 }],
    ['nbf', { nbf: NOW + 30 }],
    ['iat', { iat: NOW + 30 }],
    ['exactly the longest life', { exp: NOW - 60 + 24 * HOUR }],
    ['our audience among others', { aud: ['other', 'pushgw'] }],
  ] as const;
  for (const [what, claims] of cases) {
    test(what, async () => {
      allowed(await present(await KEY.sign({ ...CLAIMS, ...claims })));
    });
  }
});

test('only who holds a credential is told that it has expired', async () => {
  const expired = { ...CLAIMS, iat: NOW - HOUR, exp: NOW - 31 };
  const reasonOf = async (token: string) => denied(await present(token)).reason;
  assert.equal(await reasonOf(await KEY.sign(expired)), 'credential_expired');
  assert.equal(await reasonOf(await OTHER_KEY.sign(expired)), 'credential_invalid');
  const foreign = { ...expired, repository_id: '457' };
  assert.equal(await reasonOf(await KEY.sign(foreign)), 'credential_invalid');
  const elsewhere = { ...expired, aud: 'other' };
  assert.equal(await reasonOf(await KEY.sign(elsewhere)), 'credential_invalid');
});

test('a credential of its own expiry ends with it, however good the token', async () => {
  const spec = { ...CREDENTIAL, expires: CLOCK.now() };
  const refusal = denied(await present(await KEY.sign(CLAIMS), { credentials: [['a', spec]] }));
  assert.equal(refusal.reason, 'credential_expired');
});

describe('the type of a token', () => {
  const issuers = [{ spec: { ...SPEC, typ: 'at+jwt' }, keys: fixedKeys(KEY) }];
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
    test(`may be ${typ}`, async () => {
      allowed(await present(await KEY.sign(CLAIMS, { typ }), { issuers }));
    });
  }
  for (const typ of ['JWT', 'dpop+jwt', undefined]) {
    test(`must not be ${typ}`, async () => {
      const header = typ === undefined ? {} : { typ };
      const refusal = denied(await present(await KEY.sign(CLAIMS, header), { issuers }));
      assert.equal(refusal.reason, 'credential_invalid');
    });
  }
});

describe('a signature is not believed', () => {
  const refuse = async (token: string, issuers?: readonly Issuer[]) => {
    const refusal = denied(await present(token, issuers && { issuers }));
    assert.equal(refusal.reason, 'credential_invalid');
    return refusal.internal ?? '';
  };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('of another key with the same name', async () => {
    assert.match(await refuse(await OTHER_KEY.sign(CLAIMS)), /signature verification failed$/);
  });

  test('that was changed', async () => {
    const [header, , signature] = (await KEY.sign(CLAIMS)).split('.');
    await refuse(`${header}.${encode({ ...CLAIMS, sub: 'root' })}.${signature}`);
  });

  test('of an algorithm that is not allowed', async () => {
    const issuers = [{ spec: { ...SPEC, algorithms: ['RS256'] as const }, keys: fixedKeys(KEY) }];
    assert.match(await refuse(await KEY.sign(CLAIMS), issuers), /"alg"/);
  });

  test('made with the public key as an HMAC secret', async () => {
    const pem = createPublicKey({ key: { ...KEY.publicJwk }, format: 'jwk' });
    const signed = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(CLAIMS)}`;
    const mac = createHmac('sha256', pem.export({ type: 'spki', format: 'pem' }))
      .update(signed)
      .digest('base64url');
    assert.match(await refuse(`${signed}.${mac}`), /"alg"/);
  });

  for (const alg of ['none', 'None', 'HS512', 'RS1', '', 1, null, ['none']]) {
    test(`whose algorithm is ${JSON.stringify(alg)}`, async () => {
      await refuse(`${encode({ alg, kid: 'k1' })}.${encode(CLAIMS)}.AAAA`);
    });
  }

  test('with a key that the token brings along', async () => {
    await refuse(await OTHER_KEY.sign(CLAIMS, { kid: 'mine', jwk: OTHER_KEY.publicJwk }));
  });

  test('with an extension that is critical and unknown', async () => {
    const header = encode({ alg: 'ES256', kid: 'k1', crit: ['exp'], exp: 1 });
    await refuse(`${header}.${encode(CLAIMS)}.AAAA`);
  });
});

test('a token that names no key is tried with each that fits', async () => {
  const keys = [await createSigningKey('a'), await createSigningKey('b')];
  const issuers = [{ spec: SPEC, keys: fixedKeys(...keys) }];
  const token = await keys[1]?.sign(CLAIMS, { kid: undefined });
  allowed(await present(token ?? assert.fail(), { issuers }));
  const foreign = await OTHER_KEY.sign(CLAIMS, { kid: undefined });
  assert.equal(denied(await present(foreign, { issuers })).reason, 'credential_invalid');
});

test('issuers of one name are told apart by their keys, and the conditions by the issuer', async () => {
  const east = { spec: { ...SPEC, name: 'east' }, keys: fixedKeys(KEY) };
  const west = { spec: { ...SPEC, name: 'west' }, keys: fixedKeys(OTHER_KEY) };
  const setting = {
    issuers: [east, west],
    credentials: [
      ['a', { ...CREDENTIAL, issuer: 'east' }],
      ['b', { ...CREDENTIAL, issuer: 'west' }],
    ],
  } as const;
  assert.equal(allowed(await present(await KEY.sign(CLAIMS), setting)).team, 'a');
  assert.equal(allowed(await present(await OTHER_KEY.sign(CLAIMS), setting)).team, 'b');
  const stranger = await createSigningKey('k1');
  const { internal } = denied(await present(await stranger.sign(CLAIMS), setting));
  assert.match(internal ?? '', /^issuer east: signature .*; issuer west: signature /);
});

test('the first credential whose conditions hold decides, in the order of the teams', async () => {
  const wide = { ...CREDENTIAL, name: 'wide', claims: [{ claim: 'sub', patterns: ['repo:*'] }] };
  const token = await KEY.sign(CLAIMS);
  const teamOf = async (credentials: Setting['credentials'] & object) =>
    allowed(await present(token, { credentials })).team;
  assert.equal(
    await teamOf([
      ['a', CREDENTIAL],
      ['b', wide],
    ]),
    'a',
  );
  assert.equal(
    await teamOf([
      ['b', wide],
      ['a', CREDENTIAL],
    ]),
    'b',
  );
});

test('as a Basic password a token is of the credential that is the user name', async () => {
  const other = { ...CREDENTIAL, name: 'other', claims: [{ claim: 'sub', patterns: ['x'] }] };
  const authenticate = openStage({
    credentials: [
      ['payments', CREDENTIAL],
      ['b', other],
    ],
  });
  const password = await KEY.sign(CLAIMS);
  const presentAs = (username: string) => authenticate({ scheme: 'basic', username, password });
  assert.equal(allowed((await presentAs('build')) ?? assert.fail()).team, 'payments');
  assert.equal(denied((await presentAs('other')) ?? assert.fail()).reason, 'credential_invalid');
  // as any other: a name that is known must not tell itself by what is asked next
  assert.equal(denied((await presentAs('nobody')) ?? assert.fail()).reason, 'credential_invalid');
});

test('a certificate is no token', async () => {
  const certificate = { dnsNames: [], uris: [], fingerprint: '', notAfter: 0 };
  assert.equal(await openStage({})({ scheme: 'certificate', certificate }), undefined);
});

describe('keys', () => {
  /** A key set that counts how often it is asked for more. */
  function changingKeys(...steps: (KeySet | undefined)[]) {
    let step = 0;
    const now = () => steps[step]?.current();
    const next = async () => {
      step = Math.min(step + 1, steps.length - 1);
      return now();
    };
    return { current: now, load: next, loadBeyond: next, close: async () => {}, next };
  }

  test('that were never loaded make the issuer unavailable, not the token invalid', async () => {
    const issuers = [{ spec: SPEC, keys: changingKeys(undefined) }];
    const refusal = denied(await present(await KEY.sign(CLAIMS), { issuers }));
    assert.equal(refusal.reason, 'issuer_unavailable');
    assert.equal(refusal.retryAfterSeconds, 5);
  });

  test('are waited for by the first token', async () => {
    const issuers = [{ spec: SPEC, keys: changingKeys(undefined, fixedKeys(KEY)) }];
    allowed(await present(await KEY.sign(CLAIMS), { issuers }));
  });

  test('are loaded anew for a name that is not known', async () => {
    const rotated = await createSigningKey('k2');
    const issuers = [{ spec: SPEC, keys: changingKeys(fixedKeys(KEY), fixedKeys(rotated)) }];
    allowed(await present(await rotated.sign(CLAIMS), { issuers }));
  });

  test('are not loaded anew for a wrong signature, or a name that is none', async () => {
    const keys = { ...fixedKeys(KEY), loadBeyond: () => assert.fail('loaded') };
    const issuers = [{ spec: SPEC, keys }];
    denied(await present(await OTHER_KEY.sign(CLAIMS), { issuers }));
    const [, payload, signature] = (await KEY.sign(CLAIMS)).split('.');
    const header = Buffer.from('{"alg":"ES256","kid":1}').toString('base64url');
    denied(await present(`${header}.${payload}.${signature}`, { issuers }));
  });

  test('that the issuer withdrew end the tokens they proved, remembered or not', async () => {
    const keys = changingKeys(fixedKeys(KEY), fixedKeys(OTHER_KEY));
    const authenticate = openStage({ issuers: [{ spec: SPEC, keys }] });
    const token = await KEY.sign(CLAIMS);
    const again = () => authenticate({ scheme: 'bearer', token });
    allowed((await again()) ?? assert.fail());
    allowed((await again()) ?? assert.fail());
    await keys.next();
    assert.equal(denied((await again()) ?? assert.fail()).reason, 'credential_invalid');
  });
});

test('a token that was valid is remembered, and ends in time all the same', async () => {
  const clock = manualClock(CLOCK.now());
  let asked = 0;
  const real = fixedKeys(KEY);
  const found = real.current() ?? assert.fail();
  const find: typeof found.find = (...header) => {
    asked += 1;
    return found.find(...header);
  };
  const counted = { ...found, find };
  const keys = { ...real, current: () => counted };
  const authenticate = openStage({ issuers: [{ spec: SPEC, keys }], clock });
  const token = await KEY.sign(CLAIMS);
  const again = async () => (await authenticate({ scheme: 'bearer', token })) ?? assert.fail();
  allowed(await again());
  allowed(await again());
  assert.equal(asked, 1);
  clock.advance(269_999);
  allowed(await again());
  assert.equal(asked, 1);
  clock.advance(1);
  assert.equal(denied(await again()).reason, 'credential_expired');
});
