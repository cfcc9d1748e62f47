import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IssuerSpec, SIGNATURE_ALGORITHMS } from '../../src/core/identity/issuer.ts';
import { type IpAddress, parseIpAddress } from '../../src/core/network/ip-address.ts';
import { finish } from '../../src/core/steps.ts';
import { createJwtAuthenticator } from '../../src/credentials/jwt.ts';
import { createFixedKeySet } from '../../src/credentials/key-set.ts';
import { ADDRESS, credentialContext, NOW } from '../support/credential-context.ts';
import { denied } from '../support/decision.ts';
import { createSigningKey } from '../support/signing-key.ts';

/**
 * The attack: tokens of a known issuer with any signature and without the name of a key, from
 * hundreds of connections. Each was held against eight keys of every issuer of that name, all at
 * once, and took the threads in which the audit log is written: an honest push took seconds.
 */
const ISS = 'https://issuer.example';
const KEYS = await Promise.all(Array.from({ length: 8 }, () => createSigningKey('k', 'ES384')));
const NAMES = ['one', 'two', 'three'];
const CLAIMS = { iss: ISS, aud: 'pushgw', sub: 's', iat: NOW / 1000 - 60, exp: NOW / 1000 + 240 };
const STRANGER = parseIpAddress('192.0.2.1') ?? assert.fail();

function openAuthenticator() {
  const jwks = JSON.stringify({ keys: KEYS.map(({ publicJwk }) => publicJwk) });
  const issuers = NAMES.map((name) => {
    const spec: IssuerSpec = {
      ...{ name, issuer: ISS, audience: 'pushgw', algorithms: SIGNATURE_ALGORITHMS },
      ...{ maxLifetimeMs: 86_400_000, maxStaleMs: 86_400_000 },
      keys: { type: 'file', jwks },
    };
    return { spec, keys: createFixedKeySet(jwks) };
  });
  const credentials = NAMES.map((issuer) => {
    const spec = { type: 'jwt', name: issuer, issuer, claims: [] } as const;
    return { team: 'a', spec };
  });
  const created = finish(createJwtAuthenticator(credentials, credentialContext({ issuers })));
  const authenticator = created ?? assert.fail();
  return (token: string, address: IpAddress) =>
    authenticator.authenticate({ scheme: 'bearer', token }, address);
}

const VALID = (await KEYS[0]?.sign(CLAIMS)) ?? assert.fail();
const forge = (id: number): string => {
  const [, payload] = VALID.split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'ES384' })).toString('base64url');
  const signature = Buffer.alloc(96, `forged ${id}`).toString('base64url');
  return `${header}.${payload}.${signature}`;
};

test('an honest token waits for a few forged ones of another address, and is not refused', async () => {
  const authenticate = openAuthenticator();
  let judged = 0;
  const forged = Array.from({ length: 60 }, async (_, id) => {
    const decision = await authenticate(forge(id), STRANGER);
    judged += 1;
    return decision ?? assert.fail();
  });
  assert.equal((await authenticate(VALID, ADDRESS))?.effect, 'allow');
  assert.ok(judged < 12, `${judged} forged ones came first`);
  for (const decision of await Promise.all(forged)) {
    assert.equal(denied(decision).reason, 'credential_invalid');
  }
});

test('of more forged tokens than may wait some are refused unheard, and not an honest one', async () => {
  const authenticate = openAuthenticator();
  const forged = Array.from({ length: 200 }, (_, id) => authenticate(forge(id), STRANGER));
  const honest = authenticate(VALID, ADDRESS);
  const reasons = (await Promise.all(forged)).map(
    (decision) => decision && denied(decision).reason,
  );
  assert.ok(reasons.filter((reason) => reason === 'overloaded').length > 100);
  assert.equal((await honest)?.effect, 'allow');
});

test('one token that is sent by many at once is verified once', async () => {
  const authenticate = openAuthenticator();
  const same = Array.from({ length: 200 }, () => authenticate(forge(0), STRANGER));
  for (const decision of await Promise.all(same)) {
    assert.equal(decision && denied(decision).reason, 'credential_invalid');
  }
});
