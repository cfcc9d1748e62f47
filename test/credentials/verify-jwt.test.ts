import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { type IssuerSpec, SIGNATURE_ALGORITHMS } from '../../src/core/identity/issuer.ts';
import { createFixedKeySet, type Keys } from '../../src/credentials/key-set.ts';
import { isJwt, type Verdict, verifyJwt } from '../../src/credentials/verify-jwt.ts';

/**
 * Tokens as an attacker writes them, byte by byte, and keys as careless issuers publish them. What
 * an issuer signed is believed, but only what it signed, and only by a key that the gateway has.
 */

const NOW = 1_800_000_000;
const HOUR = 3600;
const SPEC: IssuerSpec = {
  name: 'ci',
  issuer: 'https://issuer.example',
  audience: 'pushgw',
  algorithms: SIGNATURE_ALGORITHMS,
  maxLifetimeMs: 24 * HOUR * 1000,
  maxStaleMs: 0,
  keys: { type: 'file', jwks: '' },
};
const CLAIMS = { iss: SPEC.issuer, aud: 'pushgw', sub: 'build', iat: NOW - 60, exp: NOW + 240 };
const PAYLOAD = JSON.stringify(CLAIMS);

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const WEAK_RSA = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ELLIPTIC = createElliptic();

function createElliptic(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function keysOf(...jwks: readonly object[]): Keys {
  return createFixedKeySet(JSON.stringify({ keys: jwks })).current() ?? assert.fail();
}

function publish({ publicKey }: KeyPairKeyObjectResult, members: object = { kid: 'k' }): object {
  return { ...publicKey.export({ format: 'jwk' }), ...members };
}

const KEYS = keysOf(publish(RSA));

/** Signs header and payload as they are, whatever they say. */
function signText(header: string, payload = PAYLOAD, { privateKey } = RSA): string {
  const signed = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const HEADER = '{"alg":"RS256","kid":"k"}';

function verify(token: string, keys = KEYS, spec: Partial<IssuerSpec> = {}): Promise<Verdict> {
  return verifyJwt(token, keys, { ...SPEC, ...spec }, NOW * 1000);
}

async function refusal(token: string, keys?: Keys, spec?: Partial<IssuerSpec>): Promise<string> {
  const verdict = await verify(token, keys, spec);
  return verdict.outcome === 'invalid' ? verdict.why : assert.fail(verdict.outcome);
}

async function claimsOf(token: string, keys?: Keys): Promise<Readonly<Record<string, unknown>>> {
  const verdict = await verify(token, keys);
  return verdict.outcome === 'valid' ? verdict.claims : assert.fail(JSON.stringify(verdict));
}

describe('what a header says of keys and content', () => {
  const ignored = [
    '{"alg":"RS256","kid":"k","jku":"http://127.0.0.1:1/keys"}',
    '{"alg":"RS256","kid":"k","x5u":"http://127.0.0.1:1/chain"}',
    '{"alg":"RS256","kid":"k","x5c":["AAAA"],"x5t":"AAAA"}',
    '{"alg":"RS256","kid":"k","zip":"DEF"}',
    '{"alg":"RS256","kid":"k","cty":"JWT"}',
    '{"alg":"none","alg":"RS256","kid":"k"}',
    '{"alg":"RS256"}',
  ];
  for (const header of ignored) {
    test(`changes nothing: ${header}`, async () => {
      assert.deepEqual(await claimsOf(signText(header)), CLAIMS);
      const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
      assert.match(await refusal(signText(header, PAYLOAD, foreign)), /signature verification/);
    });
  }

  const refused: readonly (readonly [header: string, why: RegExp])[] = [
    ['{"alg":"RS256","alg":"none","kid":"k"}', /"alg"/],
    ['{"alg":"HS256","kid":"k"}', /"alg"/],
    ['{"alg":"rs256","kid":"k"}', /"alg"/],
    ['{"alg":"ES256","kid":"k"}', /it has no key for "\w+" whose "kid" is /],
    ['{"alg":"PS256","kid":"k"}', /signature verification failed/],
    ['{"alg":"RS256","kid":"k","b64":false,"crit":["b64"]}', /unencoded payload/],
    ['{"alg":"RS256","kid":"k","crit":["exp"],"exp":1}', /"exp" is not recognized/],
    ['{"alg":"RS256","kid":"k","crit":[]}', /"crit"/],
    ['{"alg":"RS256","kid":"k","crit":"b64"}', /"crit"/],
    ['{"alg":"RS256","kid":"K"}', /it has no key for "\w+" whose "kid" is /],
    ['{"alg":"RS256","kid":"../k"}', /it has no key for "\w+" whose "kid" is /],
    ['{"alg":"RS256","kid":"__proto__"}', /it has no key for "\w+" whose "kid" is /],
    ['{"alg":"RS256","kid":""}', /it has no key for "\w+" whose "kid" is /],
    ['{"alg":"RS256","kid":["k"]}', /it has no key for "\w+" whose "kid" is /],
  ];
  for (const [header, why] of refused) {
    test(`is refused: ${header}`, async () => assert.match(await refusal(signText(header)), why));
  }
});

describe('a payload', () => {
  const withText = (from: string, to: string): string => PAYLOAD.replace(from, to);

  test('with a claim twice is what its last one says, to every reader', async () => {
    const payload = withText('"sub":"build"', '"sub":"root","iss":"https://other","sub":"build"');
    const inOrder = payload.replace(`"iss":"${SPEC.issuer}",`, '').replace(/\}$/, '');
    const token = signText(HEADER, `${inOrder},"iss":"${SPEC.issuer}"}`);
    const { iss, sub } = await claimsOf(token);
    assert.deepEqual([iss, sub], [SPEC.issuer, 'build']);
  });

  test('with names of what objects inherit has these claims and no others', async () => {
    const payload = withText('"sub"', '"__proto__":{"admin":true},"constructor":1,"sub"');
    const claims = await claimsOf(signText(HEADER, payload));
    assert.equal(claims['admin'], undefined);
    assert.ok(Object.hasOwn(claims, '__proto__'));
    const inherited = signText(HEADER, withText('"sub":"build"', '"__proto__":{"sub":"build"}'));
    assert.match(await refusal(inherited), /missing required "sub"/);
  });

  const dates: readonly (readonly [from: string, to: string, why: RegExp])[] = [
    [`"exp":${NOW + 240}`, '"exp":1e400', /it lives Infinity s, longer than max_lifetime$/],
    [`"exp":${NOW + 240}`, '"exp":null', /"exp" claim must be a number, it is null$/],
    [`"exp":${NOW + 240}`, `"exp":"${NOW + 240}"`, /"exp" claim must be a number, it is "/],
    [`"exp":${NOW + 240}`, `"exp":[${NOW + 240}]`, /"exp" claim must be a number/],
    [`"iat":${NOW - 60}`, `"iat":"${NOW - 60}"`, /"iat" claim must be a number/],
    [`"iat":${NOW - 60}`, '"iat":true', /"iat" claim must be a number/],
    [`"iat":${NOW - 60}`, `"iat":${NOW + 31}`, /"iat" .*it should be in the past/],
    [`"iat":${NOW - 60}`, '"iat":-1', /longer than max_lifetime$/],
    ['"sub"', '"nbf":"1","sub"', /"nbf" claim must be a number/],
  ];
  for (const [from, to, why] of dates) {
    test(`with ${to} is refused`, async () => {
      assert.match(await refusal(signText(HEADER, withText(from, to))), why);
    });
  }

  test('may have dates with fractions', async () => {
    const payload = withText(`"exp":${NOW + 240}`, `"exp":${NOW + 240}.75`);
    assert.equal((await claimsOf(signText(HEADER, payload)))['exp'], NOW + 240.75);
  });

  for (const aud of ['[["pushgw"]]', '{"0":"pushgw"}', '"pushgw other"', '"PUSHGW"', 'true']) {
    test(`with the audience ${aud} is refused`, async () => {
      const token = signText(HEADER, withText('"aud":"pushgw"', `"aud":${aud}`));
      assert.match(await refusal(token), /unexpected "aud" claim value/);
    });
  }

  for (const payload of ['"text"', 'null', '[]', '', '{', '\xff']) {
    test(`that is ${JSON.stringify(payload)} is refused`, async () => {
      const token = signText(HEADER, payload);
      if (isJwt(token)) assert.match(await refusal(token), /must be a top-level JSON object/);
    });
  }

  test('that has ended and would not have done before is invalid, not expired', async () => {
    const ended = { ...CLAIMS, iat: NOW - 2 * HOUR, exp: NOW - HOUR };
    const outcomeOf = async (claims: object) =>
      (await verify(signText(HEADER, JSON.stringify(claims)))).outcome;
    assert.equal(await outcomeOf(ended), 'expired');
    assert.equal(await outcomeOf({ ...ended, sub: '' }), 'invalid');
    assert.equal(await outcomeOf({ ...ended, iat: NOW - 30 * HOUR }), 'invalid');
  });

  test('of a wrong type is refused with the type that its header has', async () => {
    const token = signText('{"alg":"RS256","kid":"k","typ":"dpop+jwt"}', PAYLOAD);
    const why = await refusal(token, KEYS, { typ: 'at+jwt' });
    assert.match(why, /unexpected "typ" JWT header value, it is "dpop\+jwt", not "at\+jwt"$/);
  });
});

describe('the keys of an issuer', () => {
  const token = signText(HEADER);

  const useless: readonly (readonly [what: string, jwk: object, why: RegExp])[] = [
    ['of RSA below 2048 bits', publish(WEAK_RSA), /2048 bits or larger$/],
    ['of another type', publish(ELLIPTIC), /it has no key for "\w+" whose "kid" is /],
    [
      'for another algorithm',
      publish(RSA, { kid: 'k', alg: 'PS256' }),
      /it has no key for "\w+" whose "kid" is /,
    ],
    [
      'for HMAC by its own word',
      publish(RSA, { kid: 'k', alg: 'HS256' }),
      /it has no key for "\w+" whose "kid" is /,
    ],
    [
      'that may only sign',
      publish(RSA, { kid: 'k', key_ops: ['sign'] }),
      /it has no key for "\w+" whose "kid" is /,
    ],
    ['with a part missing', { ...publish(RSA), e: undefined }, /./],
  ];
  for (const [what, jwk, why] of useless) {
    test(`prove nothing when one is ${what}`, async () => {
      const signed = what.includes('2048') ? signText(HEADER, PAYLOAD, WEAK_RSA) : token;
      assert.match(await refusal(signed, keysOf(jwk)), why);
    });

    test(`prove as much as ever beside one ${what} with the same name`, async () => {
      assert.deepEqual(await claimsOf(token, keysOf(jwk, publish(RSA))), CLAIMS);
    });
  }

  test('prove nothing by a point that is not on the curve', async () => {
    const x = Buffer.alloc(32, 1).toString('base64url');
    const keys = keysOf({ ...publish(ELLIPTIC), x });
    const signed = signText('{"alg":"ES256","kid":"k"}', PAYLOAD, ELLIPTIC);
    await refusal(signed, keys);
    await claimsOf(signed, keysOf(publish(ELLIPTIC)));
  });

  test('prove nothing by a signature of zeros', async () => {
    const [header, payload] = signText('{"alg":"ES256","kid":"k"}', PAYLOAD, ELLIPTIC).split('.');
    const zeros = Buffer.alloc(64).toString('base64url');
    const keys = keysOf(publish(ELLIPTIC));
    assert.match(await refusal(`${header}.${payload}.${zeros}`, keys), /signature verification/);
  });

  test('are tried in turn when two have one name, or the token names none', async () => {
    const keys = keysOf(publish(generateKeyPairSync('rsa', { modulusLength: 2048 })), publish(RSA));
    await claimsOf(token, keys);
    await claimsOf(signText('{"alg":"RS256"}'), keys);
  });

  test('are tried eight at most, so that no token costs hundreds of signatures', async () => {
    const others = Array.from({ length: 8 }, () => publish(createElliptic(), {}));
    const signed = signText('{"alg":"ES256"}', PAYLOAD, ELLIPTIC);
    await claimsOf(signed, keysOf(...others.slice(1), publish(ELLIPTIC, {})));
    const beyond = await refusal(signed, keysOf(...others, publish(ELLIPTIC, {})));
    assert.match(beyond, /signature verification failed$/);
  });
});
