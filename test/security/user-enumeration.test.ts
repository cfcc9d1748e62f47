import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { finish } from '../../src/core/steps.ts';
import { createBasicAuthenticator } from '../../src/credentials/basic.ts';
import { createDecoys } from '../../src/credentials/decoys.ts';
import {
  ADDRESS,
  credentialContext,
  recordingThrottle,
  recordingVerifier,
} from '../support/credential-context.ts';

/**
 * The attack: find out which user names exist. An unknown name cost what a wrong password of the
 * first user costs, so that users with a hash of another cost, an htpasswd file beside bcrypt, told
 * themselves apart by time. And all unknown names shared one hash, so that many of them asked with
 * one password at once were answered after a single computation, unless one of them existed.
 */
const HASHES = [
  hashSync('a', { cost: 4 }),
  hashSync('b', { cost: 5 }),
  '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
  '$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/',
];
const NAMES = Array.from({ length: 400 }, (_, index) => `nobody-${index}`);

/** Hashes of one kind and cost begin alike. */
function kindOf(hash: string): string {
  return /^(?:\$2b\$\d\d|\$apr1|\{SHA\})/.exec(hash)?.[0] ?? assert.fail(hash);
}

test('unknown names cost what known ones cost, in the same shares', () => {
  const decoyOf = createDecoys(HASHES);
  const counts = Map.groupBy(NAMES.map(decoyOf), kindOf);
  assert.deepEqual(new Set(counts.keys()), new Set(HASHES.map(kindOf)));
  for (const [kind, hashes] of counts) {
    assert.ok(hashes.length > 50 && hashes.length < 150, `${hashes.length} of ${kind}`);
  }
});

test('an unknown name always costs the same, after a restart as well', () => {
  const before = NAMES.map(createDecoys(HASHES));
  const after = NAMES.map(createDecoys(HASHES.toReversed()));
  assert.deepEqual(after.map(kindOf), before.map(kindOf));
});

test('each unknown name has a hash of its own, and keeps it', () => {
  const decoyOf = createDecoys(HASHES);
  assert.equal(new Set(NAMES.map(decoyOf)).size, NAMES.length);
  assert.deepEqual(NAMES.map(decoyOf), NAMES.map(decoyOf));
});

test('a refusal takes no longer for a name that is known, nor shorter', async () => {
  const passwordHash = hashSync('secret', { cost: 7 });
  const spec = { type: 'basic', name: 'ci', username: 'ci', passwordHash } as const;
  const authenticator =
    finish(createBasicAuthenticator([{ team: 'a', spec }], credentialContext())) ?? assert.fail();
  const measure = async (username: string, password: string): Promise<number> => {
    const begun = performance.now();
    await authenticator.authenticate({ scheme: 'basic', username, password }, ADDRESS);
    return performance.now() - begun;
  };
  await measure('ci', 'to begin with');
  const known: number[] = [];
  const unknown: number[] = [];
  for (let run = 0; run < 40; run += 1) {
    known.push(await measure('ci', `wrong ${run}`));
    unknown.push(await measure(`nobody-${run}`, `wrong ${run}`));
  }
  // How often a refusal of the one kind takes longer than one of the other: by chance, in half.
  const longer = known.flatMap((a) => unknown.filter((b) => a > b)).length;
  const share = longer / (known.length * unknown.length);
  assert.ok(share > 0.15 && share < 0.85, `share ${share}`);
});

test('a name that nobody can have costs no hash and no memory', async () => {
  const passwords = recordingVerifier();
  const throttle = recordingThrottle();
  const spec = {
    type: 'basic',
    name: 'ci',
    username: 'ci',
    passwordHash: HASHES[0] ?? '',
  } as const;
  const context = credentialContext({ passwords, throttle });
  const authenticator =
    finish(createBasicAuthenticator([{ team: 'a', spec }], context)) ?? assert.fail();
  const presented = { scheme: 'basic', username: 'u'.repeat(129), password: 'a' } as const;
  const decision = await authenticator.authenticate(presented, ADDRESS);
  assert.equal(decision?.effect === 'deny' && decision.reason, 'credential_invalid');
  assert.deepEqual([passwords.started, throttle.failures], [[], []]);
});
