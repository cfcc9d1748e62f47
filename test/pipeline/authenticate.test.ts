import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, type Decision, deny } from '../../src/core/decision.ts';
import type { PresentedCredential } from '../../src/core/identity/authorization-header.ts';
import type { ClientCertificate } from '../../src/core/identity/client-certificate.ts';
import type { Principal } from '../../src/core/identity/principal.ts';
import { parseIpAddress } from '../../src/core/network/ip-address.ts';
import { authenticate } from '../../src/pipeline/authenticate.ts';
import type { Authenticator } from '../../src/pipeline/ports.ts';
import { allowed, denied } from '../support/decision.ts';
import { gatewayRequest } from '../support/gateway-request.ts';

const address = parseIpAddress('10.1.2.3') ?? assert.fail();
const PRINCIPAL: Principal = { team: 'payments', credential: 'nightly', scheme: 'token' };
const CERTIFICATE: ClientCertificate = {
  dnsNames: ['edge.example'],
  uris: [],
  fingerprint: '0'.repeat(64),
  notAfter: Number.MAX_SAFE_INTEGER,
};

interface Asked {
  readonly authenticator: Authenticator;
  readonly presented: PresentedCredential[];
}

type Answer = Decision<Principal> | undefined;

function answering(decision: Answer): Asked {
  const presented: PresentedCredential[] = [];
  return {
    presented,
    authenticator: {
      authenticate(credential) {
        presented.push(credential);
        return decision;
      },
    },
  };
}

/** The same, with a promise. */
function answeringLater(decision: Answer): Asked {
  const { authenticator, presented } = answering(decision);
  const authenticate: Authenticator['authenticate'] = async (...asked) =>
    await authenticator.authenticate(...asked);
  return { authenticator: { authenticate }, presented };
}

interface Proof {
  readonly authorization?: string;
  readonly clientCertificate?: ClientCertificate;
}

function run(
  { authorization, clientCertificate }: Proof,
  asked: readonly Asked[],
  anonymousTeam?: string,
) {
  const request = gatewayRequest({ clientCertificate, headers: { authorization } });
  const authenticators = asked.map(({ authenticator }) => authenticator);
  return authenticate(request, address, { authenticators, anonymousTeam });
}

const TIMES = [
  ['at once', 'at once'],
  ['at once', 'later'],
  ['later', 'at once'],
  ['later', 'later'],
] as const;
for (const times of TIMES) {
  const answer = (answers: readonly Answer[]): readonly Asked[] =>
    answers.map((one, index) => (times[index] === 'later' ? answeringLater : answering)(one));

  test(`authenticate goes by the first that knows the credential: ${times.join(', ')}`, async () => {
    const asked = answer([undefined, allow(PRINCIPAL), deny('credential_expired')]);
    assert.equal(allowed(await run({ authorization: 'Bearer abc' }, asked)), PRINCIPAL);
    const counts = asked.map(({ presented }) => presented.length);
    assert.deepEqual(counts, [1, 1, 0]);
  });

  test(`authenticate ends at the first that denies: ${times.join(', ')}`, async () => {
    const asked = answer([undefined, deny('credential_expired'), allow(PRINCIPAL)]);
    const decision = await run({ authorization: 'Bearer abc' }, asked);
    assert.equal(denied(decision).reason, 'credential_expired');
    assert.equal(asked[2]?.presented.length, 0);
  });
}

test('authenticate knows what needs no time at once', () => {
  const decision = run({ authorization: 'Bearer abc' }, [answering(allow(PRINCIPAL))]);
  assert.ok(!(decision instanceof Promise));
});

test('authenticate denies a credential that nobody knows', async () => {
  const decision = await run({ authorization: 'Bearer abc' }, [answering(undefined)]);
  const { reason, detail } = denied(decision);
  assert.deepEqual([reason, detail], ['credential_invalid', undefined]);
});

test('authenticate denies every credential when none is configured', async () => {
  assert.equal(denied(await run({ authorization: 'Bearer a' }, [])).reason, 'credential_invalid');
});

const UNREADABLE = [
  [undefined, 'credential_missing'],
  ['', 'credential_invalid'],
  ['Digest a', 'credential_invalid'],
  ['Basic !!!', 'credential_invalid'],
] as const;
for (const [authorization, reason] of UNREADABLE) {
  test(`authenticate denies the header ${authorization} without asking anybody`, async () => {
    const asked = answering(allow(PRINCIPAL));
    const decision = await run(authorization === undefined ? {} : { authorization }, [asked]);
    assert.equal(denied(decision).reason, reason);
    assert.deepEqual(asked.presented, []);
  });
}

test('authenticate presents the parsed header', async () => {
  const asked = answering(allow(PRINCIPAL));
  await run({ authorization: `Basic ${btoa('ci:secret')}` }, [asked]);
  assert.deepEqual(asked.presented, [{ scheme: 'basic', username: 'ci', password: 'secret' }]);
});

test('authenticate lets a broken authenticator surface and asks no other', async () => {
  const other = answering(allow(PRINCIPAL));
  const broken: Asked = {
    presented: [],
    authenticator: { authenticate: () => Promise.reject(new Error('broken')) },
  };
  const decision = run({ authorization: 'Bearer abc' }, [broken, other]);
  assert.ok(decision instanceof Promise);
  await assert.rejects(decision, { message: 'broken' });
  assert.deepEqual(other.presented, []);
});

test('authenticate presents the certificate of a request without an Authorization header', async () => {
  const asked = answering(allow(PRINCIPAL));
  await run({ clientCertificate: CERTIFICATE }, [asked]);
  assert.deepEqual(asked.presented, [{ scheme: 'certificate', certificate: CERTIFICATE }]);
});

for (const authorization of ['Bearer abc', '', 'Digest a']) {
  test(`authenticate lets "${authorization}" decide alone beside a certificate`, async () => {
    const asked = answering(undefined);
    const proof = { authorization, clientCertificate: CERTIFICATE };
    assert.equal(denied(await run(proof, [asked])).reason, 'credential_invalid');
    assert.ok(asked.presented.every(({ scheme }) => scheme !== 'certificate'));
  });
}

test('authenticate takes a certificate that nobody knows for no credential', async () => {
  const decision = await run({ clientCertificate: CERTIFICATE }, [answering(undefined)]);
  assert.equal(denied(decision).reason, 'credential_missing');
});

const ANONYMOUS = { team: 'everybody', credential: 'anonymous', scheme: 'none' };

test('a request without a credential is the anonymous team, if there is one', async () => {
  assert.deepEqual(allowed(await run({}, [], 'everybody')), ANONYMOUS);
  assert.equal(denied(await run({}, [])).reason, 'credential_missing');
});

test('a certificate that nobody knows is no credential', async () => {
  const clientCertificate = { dnsNames: [], uris: [], fingerprint: 'ab', notAfter: 0 };
  const asked = [answering(undefined)];
  assert.deepEqual(allowed(await run({ clientCertificate }, asked, 'everybody')), ANONYMOUS);
});

for (const authorization of ['', 'Bearer wrong', 'Basic !', 'Negotiate abc']) {
  test(`"${authorization}" never falls back to the anonymous team`, async () => {
    const decision = await run({ authorization }, [answering(undefined)], 'everybody');
    assert.match(denied(decision).reason, /^credential_(?:invalid|missing)$/);
  });
}

test('an expired credential never falls back to the anonymous team', async () => {
  const asked = [answering(deny('credential_expired'))];
  const decision = await run({ authorization: 'Bearer old' }, asked, 'everybody');
  assert.equal(denied(decision).reason, 'credential_expired');
});
