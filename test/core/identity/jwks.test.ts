import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasSecretKey, parseJwks } from '../../../src/core/identity/jwks.ts';

const RSA = { kty: 'RSA', kid: 'r', n: 'AQ', e: 'AQAB', use: 'sig' };
const EC = { kty: 'EC', kid: 'e', crv: 'P-256', x: 'AQ', y: 'AQ' };
const OKP = { kty: 'OKP', kid: 'o', crv: 'Ed25519', x: 'AQ' };

test('parseJwks keeps public keys for signatures and leaves the rest out', () => {
  const keys = [
    RSA,
    { kty: 'oct', k: 'c2VjcmV0' },
    EC,
    { ...EC, d: 'AQ' },
    { ...RSA, use: 'enc' },
    OKP,
    { kty: 'AKP' },
    { kid: 'no type' },
    null,
    'text',
  ];
  assert.deepEqual(parseJwks(JSON.stringify({ keys, other: 1 })).keys, [RSA, EC, OKP]);
});

const NO_SET = ['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[}', '<html>', '"keys"'];
for (const text of NO_SET) {
  test(`parseJwks does not take ${JSON.stringify(text)} for a set`, () => {
    assert.throws(() => parseJwks(text), {
      code: 'ERR_JWKS_INVALID',
      message: 'not a JSON Web Key Set: no list "keys"',
    });
  });
}

for (const keys of [[], [{ kty: 'oct', k: 'AQ' }], [{ ...RSA, d: 'AQ' }]]) {
  test(`parseJwks does not take a set of ${JSON.stringify(keys)}`, () => {
    assert.throws(() => parseJwks(JSON.stringify({ keys })), {
      code: 'ERR_JWKS_INVALID',
      message: 'no public key for signatures is in it',
    });
  });
}

const SECRETS: readonly (readonly [keys: readonly unknown[], isSecret: boolean])[] = [
  [[RSA, EC, OKP, null, 'text'], false],
  [[RSA, { ...EC, d: 'AQ' }], true],
  [[RSA, { kty: 'oct', k: 'AQ' }], true],
];
for (const [keys, isSecret] of SECRETS) {
  test(`hasSecretKey is ${isSecret} of ${JSON.stringify(keys.at(-1))} among others`, () => {
    assert.equal(hasSecretKey(JSON.stringify({ keys })), isSecret);
  });
}

test('hasSecretKey is false of what is no key set', () => {
  for (const text of NO_SET) assert.equal(hasSecretKey(text), false);
});
