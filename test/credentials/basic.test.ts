import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import type { Decision } from '../../src/core/decision.ts';
import type { BasicSpec } from '../../src/core/identity/credential.ts';
import type { Principal } from '../../src/core/identity/principal.ts';
import { finish } from '../../src/core/steps.ts';
import { createBasicAuthenticator } from '../../src/credentials/basic.ts';
import type { CredentialContext } from '../../src/credentials/credential-context.ts';
import {
  createPasswordVerifier,
  type PasswordVerifier,
} from '../../src/credentials/password-verifier.ts';
import type { Authenticator } from '../../src/pipeline/ports.ts';
import { createFailureThrottle } from '../../src/state/memory/failure-throttle.ts';
import { testAuthenticator } from '../conformance/authenticator.ts';
import { argon2idHash } from '../support/argon2id.ts';
import {
  ADDRESS,
  credentialContext,
  recordingThrottle,
  recordingVerifier,
} from '../support/credential-context.ts';
import { allowed, denied } from '../support/decision.ts';

const BCRYPT = hashSync('secret', { cost: 4 });

function specOf(changes: Partial<BasicSpec> = {}): BasicSpec {
  return { type: 'basic', name: 'cron', username: 'ci', passwordHash: BCRYPT, ...changes };
}

function create(specs: readonly BasicSpec[], context: Partial<CredentialContext> = {}) {
  const credentials = specs.map((spec) => ({ team: 'payments', spec }));
  const authenticator = finish(createBasicAuthenticator(credentials, credentialContext(context)));
  return authenticator ?? assert.fail('there is no authenticator');
}

function basic(username: string, password: string) {
  return { scheme: 'basic', username, password } as const;
}

for (const [algorithm, passwordHash] of [
  ['bcrypt', BCRYPT],
  ['argon2id', argon2idHash('secret')],
] as const) {
  testAuthenticator({
    kind: `basic with ${algorithm}`,
    create: (expires) =>
      create([specOf({ passwordHash, ...(expires !== undefined && { expires }) })]),
    valid: basic('ci', 'secret'),
    principal: { team: 'payments', credential: 'cron', scheme: 'basic' },
    wrong: [
      basic('ci', 'wrong'),
      basic('ci', ''),
      basic('ci', 'Secret'),
      basic('ci', 'secret '),
      basic('ci', passwordHash),
      basic('CI', 'secret'),
      basic('c', 'isecret'),
      basic('cron', 'secret'),
      basic('nobody', 'secret'),
      basic(`ci${passwordHash}`, 'secret'),
      basic('ci', `${passwordHash}secret`),
    ],
    foreign: [{ scheme: 'bearer', token: 'secret' }],
  });
}

test('there is no authenticator without users', () => {
  assert.equal(finish(createBasicAuthenticator([], credentialContext())), undefined);
});

test('each user has a password of its own', async () => {
  const other = { name: 'b', username: 'other', passwordHash: hashSync('else', { cost: 4 }) };
  const authenticator = create([specOf(), specOf(other)]);
  const run = (username: string, password: string) =>
    decide(authenticator.authenticate(basic(username, password), ADDRESS));
  assert.equal(allowed(await run('ci', 'secret')).credential, 'cron');
  assert.equal(allowed(await run('other', 'else')).credential, 'b');
  assert.equal((await run('ci', 'else')).effect, 'deny');
  assert.equal((await run('other', 'secret')).effect, 'deny');
});

async function decide(
  decision: ReturnType<Authenticator['authenticate']>,
): Promise<Decision<Principal>> {
  return (await decision) ?? assert.fail('the authenticator has no opinion');
}

test('a password that was verified before starts no hash', async () => {
  const passwords = recordingVerifier();
  const authenticator = create([specOf()], { passwords });
  for (let run = 0; run < 3; run += 1) {
    allowed(await decide(authenticator.authenticate(basic('ci', 'secret'), ADDRESS)));
  }
  assert.deepEqual(passwords.started, [BCRYPT]);
});

test('an unknown user costs a hash of the same kind and is refused in the same words', async () => {
  const passwords = recordingVerifier();
  const authenticator = create([specOf()], { passwords });
  const unknown = denied(await decide(authenticator.authenticate(basic('x', 'secret'), ADDRESS)));
  const wrong = denied(await decide(authenticator.authenticate(basic('ci', 'wrong'), ADDRESS)));
  assert.deepEqual(unknown, wrong);
  const [decoy] = passwords.started;
  assert.equal(passwords.started.length, 2);
  assert.notEqual(decoy, BCRYPT);
  assert.match(decoy ?? '', /^\$2b\$04\$/);
});

test('an unknown user is refused even by a verifier to which everything matches', async () => {
  const passwords: PasswordVerifier = {
    isKnown: () => true,
    isUnderWay: () => false,
    verify: async () => 'match',
  };
  const authenticator = create([specOf()], { passwords });
  const decision = await decide(authenticator.authenticate(basic('x', 'secret'), ADDRESS));
  assert.equal(denied(decision).reason, 'credential_invalid');
});

test('a password of 72 bytes is taken, and with a byte more refused', async () => {
  const longest = 'a'.repeat(72);
  const authenticator = create([specOf({ passwordHash: hashSync(longest, { cost: 4 }) })]);
  const run = (password: string) =>
    decide(authenticator.authenticate(basic('ci', password), ADDRESS));
  assert.equal((await run(longest)).effect, 'allow');
  assert.equal(denied(await run(`${longest}a`)).reason, 'credential_invalid');
});

test('wrong passwords and unknown users are counted for their address and name', async () => {
  const throttle = recordingThrottle();
  const authenticator = create([specOf()], { throttle });
  for (const [username, password] of [
    ['ci', 'secret'],
    ['ci', 'wrong'],
    ['x', 'secret'],
  ] as const) {
    await authenticator.authenticate(basic(username, password), ADDRESS);
  }
  assert.deepEqual(throttle.failures, ['10.1.2.3 ci', '10.1.2.3 x']);
});

for (const username of ['ci', 'x']) {
  test(`a throttled pair of ${username} starts no hash, whatever the password`, async () => {
    const passwords = recordingVerifier();
    const throttle = recordingThrottle(2);
    const authenticator = create([specOf()], { passwords, throttle });
    for (const password of ['secret', 'wrong']) {
      const decision = await decide(authenticator.authenticate(basic(username, password), ADDRESS));
      const { reason, retryAfterSeconds } = denied(decision);
      assert.deepEqual([reason, retryAfterSeconds], ['too_many_failures', 2]);
    }
    assert.deepEqual([passwords.started, throttle.failures], [[], []]);
  });
}

test('a password that was verified before is never throttled', async () => {
  const passwords = createPasswordVerifier({ parallel: 1 });
  await passwords.verify('secret', BCRYPT);
  const authenticator = create([specOf()], { passwords, throttle: recordingThrottle(1) });
  const decision = await decide(authenticator.authenticate(basic('ci', 'secret'), ADDRESS));
  assert.equal(decision.effect, 'allow');
});

test('a verifier that is busy refuses as overloaded, which is no failure', async () => {
  const throttle = recordingThrottle();
  const passwords: PasswordVerifier = {
    isKnown: () => false,
    isUnderWay: () => false,
    verify: async () => 'busy',
  };
  const authenticator = create([specOf()], { passwords, throttle });
  const decision = await decide(authenticator.authenticate(basic('ci', 'secret'), ADDRESS));
  assert.equal(denied(decision).reason, 'overloaded');
  assert.deepEqual(throttle.failures, []);
});

test('many attempts at once start no more hashes than the limit, and count nothing that is right', async () => {
  const limit = 5;
  const throttle = createFailureThrottle(() => ({ perMs: 60_000, limit }));
  const passwords = recordingVerifier(createPasswordVerifier({ parallel: 1 }));
  const authenticator = create([specOf()], { throttle, passwords });
  const run = (username: string, password: string) =>
    decide(authenticator.authenticate(basic(username, password), ADDRESS));
  for (let round = 0; round < 10; round += 1) allowed(await run('ci', 'secret'));
  for (const username of ['ci', 'x']) {
    const before = passwords.started.length;
    const flood = Array.from({ length: 40 }, (_, index) => run(username, `wrong ${index}`));
    const reasons = (await Promise.all(flood)).map((one) => denied(one).reason);
    const count = (wanted: string) => reasons.filter((reason) => reason === wanted).length;
    assert.deepEqual([count('credential_invalid'), count('too_many_failures')], [limit, 35]);
    assert.equal(passwords.started.length - before, limit);
  }
});

test('many at once with one right password are one attempt', async () => {
  const throttle = createFailureThrottle(() => ({ perMs: 60_000, limit: 1 }));
  const authenticator = create([specOf()], { throttle });
  const decisions = await Promise.all(
    Array.from({ length: 40 }, () =>
      decide(authenticator.authenticate(basic('ci', 'secret'), ADDRESS)),
    ),
  );
  for (const decision of decisions) assert.equal(allowed(decision).credential, 'cron');
});

test('a right password of an expired credential is no failure', async () => {
  const throttle = recordingThrottle();
  const authenticator = create([specOf({ expires: 0 })], { throttle });
  const decision = await decide(authenticator.authenticate(basic('ci', 'secret'), ADDRESS));
  assert.equal(denied(decision).reason, 'credential_expired');
  assert.deepEqual(throttle.failures, []);
});
