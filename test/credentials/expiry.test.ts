import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkExpiry } from '../../src/credentials/expiry.ts';
import { allowed, denied } from '../support/decision.ts';

const clock = { now: () => 5000, monotonic: () => 0 };
const principal = { team: 'payments', credential: 'nightly', scheme: 'token' } as const;
const SPEC = { type: 'token', name: 'nightly', sha256: '0'.repeat(64) } as const;

for (const spec of [SPEC, { ...SPEC, expires: 5001 }]) {
  test(`checkExpiry allows a credential that expires ${'expires' in spec ? 'later' : 'never'}`, () => {
    assert.equal(allowed(checkExpiry(spec, clock, principal)), principal);
  });
}

for (const expires of [5000, 4999, 0]) {
  test(`checkExpiry refuses at 5000 a credential that expired at ${expires}`, () => {
    const { reason, detail, internal } = denied(
      checkExpiry({ ...SPEC, expires }, clock, principal),
    );
    assert.deepEqual([reason, detail], ['credential_expired', undefined]);
    assert.equal(internal, 'credential nightly of team payments has expired');
  });
}
