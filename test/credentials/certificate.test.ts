import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientCertificate } from '../../src/core/identity/client-certificate.ts';
import type { CertificateSpec } from '../../src/core/identity/credential.ts';
import { finish } from '../../src/core/steps.ts';
import { createCertificateAuthenticator } from '../../src/credentials/certificate.ts';
import { testAuthenticator } from '../conformance/authenticator.ts';
import { ADDRESS, credentialContext, NOW } from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';

const FINGERPRINT = 'ab'.repeat(32);
const CERTIFICATE: ClientCertificate = {
  dnsNames: ['edge.payments.example.com', 'www.example.com'],
  uris: ['spiffe://example.com/ns/payments/sa/edge'],
  fingerprint: FINGERPRINT,
  notAfter: NOW + 1,
};

function present(certificate: Partial<ClientCertificate> = {}) {
  return { scheme: 'certificate', certificate: { ...CERTIFICATE, ...certificate } } as const;
}

function create(...specs: readonly Partial<CertificateSpec>[]) {
  const credentials = specs.map((spec, index) => ({
    team: `team-${index}`,
    spec: { type: 'certificate', name: 'edge', ...spec } as const,
  }));
  const authenticator = finish(createCertificateAuthenticator(credentials, credentialContext()));
  return authenticator ?? assert.fail('there is no authenticator');
}

testAuthenticator({
  kind: 'certificate',
  create: (expires) =>
    create({ san: '*.payments.example.com', ...(expires !== undefined && { expires }) }),
  valid: present(),
  principal: {
    team: 'team-0',
    credential: 'edge',
    scheme: 'certificate',
    subject: 'edge.payments.example.com',
  },
  wrong: [
    present({ dnsNames: ['payments.example.com'] }),
    present({ dnsNames: ['edge.payments.example.com.evil.test'] }),
    present({ dnsNames: [], uris: [] }),
    present({ dnsNames: [], uris: ['edge.payments.example.com'] }),
    present({ distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
  ],
  foreign: [
    { scheme: 'bearer', token: 'edge' },
    { scheme: 'basic', username: 'edge', password: 'edge' },
  ],
});

const MATCHES: readonly (readonly [spec: Partial<CertificateSpec>, subject: string])[] = [
  [{ san: 'www.example.com' }, 'www.example.com'],
  [{ san: 'WWW.EXAMPLE.com' }, 'www.example.com'],
  [{ san: '*' }, 'edge.payments.example.com'],
  [{ san: 'spiffe://example.com/ns/payments/*' }, 'spiffe://example.com/ns/payments/sa/edge'],
  [{ fingerprint: FINGERPRINT }, 'spiffe://example.com/ns/payments/sa/edge'],
  [{ fingerprint: FINGERPRINT, san: 'www.*' }, 'www.example.com'],
];
for (const [spec, subject] of MATCHES) {
  test(`a certificate matches ${JSON.stringify(spec)} as ${subject}`, async () => {
    const decision = await create(spec).authenticate(present(), ADDRESS);
    assert.equal(allowed(decision ?? assert.fail()).subject, subject);
  });
}

const OTHERS: readonly Partial<CertificateSpec>[] = [
  { san: 'example.com' },
  { san: '*.example.org' },
  { san: 'SPIFFE://example.com/ns/payments/sa/edge' },
  { san: 'spiffe://example.com/ns/payments' },
  { san: 'https://*' },
  { fingerprint: 'cd'.repeat(32) },
  { fingerprint: 'cd'.repeat(32), san: '*' },
  { fingerprint: FINGERPRINT, san: 'other' },
  {},
];
for (const spec of OTHERS) {
  test(`a certificate does not match ${JSON.stringify(spec)} and is left alone`, async () => {
    assert.equal(await create(spec).authenticate(present(), ADDRESS), undefined);
  });
}

test('a certificate without names goes by its fingerprint', async () => {
  const nameless = present({ dnsNames: [], uris: [] });
  const decision = await create({ fingerprint: FINGERPRINT }).authenticate(nameless, ADDRESS);
  assert.equal(allowed(decision ?? assert.fail()).subject, `sha256:${FINGERPRINT}`);
});

test('a certificate that ended while its connection lived on has expired', async () => {
  const authenticator = create({ san: '*' });
  const decision = await authenticator.authenticate(present({ notAfter: NOW }), ADDRESS);
  assert.equal(denied(decision ?? assert.fail()).reason, 'credential_expired');
});

test('a certificate that nobody vouches for is refused, whatever it says', async () => {
  const distrusted = present({ distrust: 'its authority was removed' });
  const decision = await create({ san: '*' }).authenticate(distrusted, ADDRESS);
  const { reason, detail, internal } = denied(decision ?? assert.fail());
  assert.deepEqual([reason, detail], ['credential_invalid', undefined]);
  assert.equal(internal, 'the client certificate is not trusted: its authority was removed');
});

test('the first credential that matches decides', async () => {
  const authenticator = create({ san: 'other' }, { san: '*' }, { san: 'www.example.com' });
  const decision = await authenticator.authenticate(present(), ADDRESS);
  assert.equal(allowed(decision ?? assert.fail()).team, 'team-1');
});
