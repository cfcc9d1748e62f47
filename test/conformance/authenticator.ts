import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Decision } from '../../src/core/decision.ts';
import type { PresentedCredential } from '../../src/core/identity/authorization-header.ts';
import type { Principal } from '../../src/core/identity/principal.ts';
import type { Authenticator } from '../../src/pipeline/ports.ts';
import { ADDRESS, NOW } from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';

/** One credential of a kind, and an authenticator that knows it and no other. */
interface AuthenticatorSuite {
  /** `basic with bcrypt` */
  readonly kind: string;
  /**
   * Makes a new authenticator under a clock that stands at `NOW`.
   * @param expires - milliseconds since the epoch; undefined for never
   */
  readonly create: (expires: number | undefined) => Authenticator | Promise<Authenticator>;
  /** What its holder presents. */
  readonly valid: PresentedCredential;
  /** Who that proves to be. */
  readonly principal: Principal;
  /** What nobody may get in with, although the kind reads it. */
  readonly wrong: readonly PresentedCredential[];
  /** What the kind does not read at all. */
  readonly foreign: readonly PresentedCredential[];
}

/** User names and passwords that trip over objects, terminals, separators and limits. */
const HOSTILE = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  '\0',
  '\ud800',
  '🚀'.repeat(2000),
  'a'.repeat(8192),
  '%00',
  "' or 1=1 --",
];

/** Declares the tests that an authenticator of any kind has to pass. */
export function testAuthenticator(suite: AuthenticatorSuite): void {
  const { kind, create, valid, principal, wrong, foreign } = suite;
  const secret = valid.scheme === 'bearer' ? valid.token : 'password' in valid && valid.password;

  describe(`authenticator of ${kind}`, () => {
    test('lets the holder in and names team, credential and scheme', async () => {
      const authenticator = await create(undefined);
      assert.deepEqual(allowed(await present(authenticator, valid)), principal);
    });

    test('lets the holder in again and many times at once', async () => {
      const authenticator = await create(undefined);
      await present(authenticator, valid);
      const decisions = await Promise.all(
        Array.from({ length: 20 }, () => present(authenticator, valid)),
      );
      for (const decision of decisions) assert.deepEqual(allowed(decision), principal);
    });

    for (const [index, presented] of wrong.entries()) {
      test(`lets nobody in with wrong credential ${index}, nor says what is wrong`, async () => {
        const authenticator = await create(undefined);
        assertRefused(await authenticator.authenticate(presented, ADDRESS), secret);
      });
    }

    test('stays wrong about nobody after the holder was there, and right about the holder', async () => {
      const authenticator = await create(undefined);
      for (const presented of wrong) {
        assert.deepEqual(allowed(await present(authenticator, valid)), principal);
        assertRefused(await authenticator.authenticate(presented, ADDRESS), secret);
      }
      assert.deepEqual(allowed(await present(authenticator, valid)), principal);
    });

    for (const presented of foreign) {
      test(`has no opinion on a ${presented.scheme} credential`, async () => {
        const authenticator = await create(undefined);
        assert.equal(await authenticator.authenticate(presented, ADDRESS), undefined);
      });
    }

    for (const text of HOSTILE) {
      test(`neither throws nor lets in for ${JSON.stringify(text.slice(0, 20))}`, async () => {
        const authenticator = await create(undefined);
        for (const presented of hostilePresentations(valid, text)) {
          assertRefused(await authenticator.authenticate(presented, ADDRESS), secret);
        }
      });
    }

    test('refuses the holder from the moment on at which the credential expires', async () => {
      const expired = await create(NOW);
      assert.equal(denied(await present(expired, valid)).reason, 'credential_expired');
      const lasting = await create(NOW + 1);
      assert.deepEqual(allowed(await present(lasting, valid)), principal);
    });

    test('says nothing of the expiry to who does not hold the credential', async () => {
      const authenticator = await create(NOW - 1);
      for (const presented of wrong) {
        assertRefused(await authenticator.authenticate(presented, ADDRESS), secret);
      }
    });
  });
}

async function present(
  authenticator: Authenticator,
  presented: PresentedCredential,
): Promise<Decision<Principal>> {
  const decision = await authenticator.authenticate(presented, ADDRESS);
  return decision ?? assert.fail('the authenticator does not know the credential');
}

/** Not known, or known to be invalid, in words that help nobody to guess. */
function assertRefused(
  decision: Decision<Principal> | undefined,
  secret: string | false | undefined,
): void {
  if (decision === undefined) return;
  const refusal = denied(decision);
  assert.equal(refusal.reason, 'credential_invalid');
  assert.deepEqual([refusal.detail, refusal.hints], [undefined, undefined]);
  if (secret) assert.ok(!JSON.stringify(refusal).includes(secret));
}

function hostilePresentations(
  valid: PresentedCredential,
  text: string,
): readonly PresentedCredential[] {
  const always: readonly PresentedCredential[] = [
    { scheme: 'bearer', token: text },
    { scheme: 'basic', username: text, password: text },
  ];
  if (valid.scheme !== 'basic') return always;
  return [...always, { ...valid, username: text }, { ...valid, password: text }];
}
