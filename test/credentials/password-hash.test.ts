import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { createDecoy, verifyPassword } from '../../src/credentials/password-hash.ts';
import { argon2idHash } from '../support/argon2id.ts';

/** The least that bcrypt takes. */
const COST = 4;

function bcrypt(password: string, cost = COST): string {
  return hashSync(password, { cost });
}

const versions = ['2a', '2b', '2y'] as const;
const HASHES: readonly (readonly [name: string, password: string, hash: string])[] = [
  ...versions.map((version) => {
    return [`$${version}$`, 'p:ss é', hashSync('p:ss é', { cost: COST, version })] as const;
  }),
  [
    '$2y$ as htpasswd -B writes it',
    'pass word',
    '$2y$05$OL.UEM7ZH9w/btpfTYNVP.xRU0sza3ebOLNxJr.LoMbWMAkKalyfO',
  ],
  ['argon2id', 'p:ss é', argon2idHash('p:ss é')],
  [
    'argon2id as its reference implementation writes it',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ],
  ['$apr1$ as htpasswd -m writes it', 'p:ss é', '$apr1$WfWj37mG$YnINOviMm8JwYoqJkQgr61'],
  [
    '$apr1$ of a long password',
    'a password that is longer than sixteen bytes',
    '$apr1$yegdzcKY$uYbJzVfxJS179TiR37dfr0',
  ],
  ['{SHA} as htpasswd -s writes it', 'p:ss é', '{SHA}z7uRKHTOteUMQAUUbEaJAugx32Q='],
];
for (const [name, password, hash] of HASHES) {
  test(`verifyPassword knows the password of a ${name} hash and no other`, async () => {
    assert.equal(await verifyPassword(password, hash), true);
    for (const wrong of ['', `${password} `, password.toUpperCase(), `${password}\0`, hash]) {
      assert.equal(await verifyPassword(wrong, hash), false);
    }
  });
}

function runHtpasswd(password: string): string | undefined {
  try {
    const args = ['-nbB', '-C', '4', 'ci', password];
    return execFileSync('htpasswd', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

test('verifyPassword knows a password that htpasswd -B hashed just now', async (context) => {
  const line = runHtpasswd('correct horse é');
  if (line === undefined) {
    context.skip('htpasswd is not installed');
    return;
  }
  const hash = line.slice('ci:'.length);
  assert.match(hash, /^\$2y\$04\$/);
  assert.equal(await verifyPassword('correct horse é', hash), true);
  assert.equal(await verifyPassword('correct horse e', hash), false);
});

for (const [unit, count] of [
  ['a', 72],
  ['é', 36],
  ['🚀', 18],
] as const) {
  test(`verifyPassword refuses ${unit} repeated beyond the 72 bytes that bcrypt looks at`, async () => {
    const longest = unit.repeat(count);
    const hash = bcrypt(longest);
    assert.equal(await verifyPassword(longest, hash), true);
    assert.equal(await verifyPassword(`${longest}a`, hash), false);
    assert.equal(await verifyPassword(longest.repeat(2), hash), false);
  });
}

test('verifyPassword takes passwords of any length for argon2id', async () => {
  const hash = argon2idHash('a'.repeat(200));
  assert.equal(await verifyPassword('a'.repeat(200), hash), true);
  assert.equal(await verifyPassword('a'.repeat(199), hash), false);
});

const NO_HASHES = [
  '',
  'secret',
  '$apr1$abc$hash',
  '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk',
  '$2x$04$Zs3oN6Uxmp6ejSuzMjmvKuGmC1Ev5yaWhpmDsqiqe6Vdz79.vy4eO',
  '$2y$4$Zs3oN6Uxmp6ejSuzMjmvKuGmC1Ev5yaWhpmDsqiqe6Vdz79.vy4eO',
  '$2y$04$tooshort',
  '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q',
  '$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q',
];
for (const hash of NO_HASHES) {
  test(`verifyPassword and createDecoy throw on ${JSON.stringify(hash)}`, async () => {
    const error = { name: 'TypeError', message: 'not a password hash that can be verified' };
    await assert.rejects(verifyPassword('x', hash), error);
    assert.throws(() => createDecoy(hash), error);
  });
}

for (let cost = 4; cost <= 12; cost += 1) {
  test(`createDecoy makes a bcrypt hash of cost ${cost} that no password matches`, async () => {
    const decoy = createDecoy(
      bcrypt('secret').replace('$04$', `$${String(cost).padStart(2, '0')}$`),
    );
    assert.ok(decoy.startsWith(`$2b$${String(cost).padStart(2, '0')}$`));
    assert.equal(decoy.length, 60);
    assert.equal(await verifyPassword('secret', decoy), false);
  });
}

test('createDecoy makes bcrypt hashes without stray bits, which would cost nothing to verify', () => {
  const hash = bcrypt('secret');
  for (let run = 0; run < 300; run += 1) {
    const decoy = createDecoy(hash);
    assert.doesNotThrow(() => hashSync('x', { salt: decoy.slice(0, 29) }));
    assert.match(decoy, /[.CGKOSWaeimquy26]$/);
  }
});

test('a bcrypt decoy takes as long to verify as the hash it stands for', async () => {
  const fastest = async (hash: string): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 5; run += 1) {
      const begun = performance.now();
      await verifyPassword('wrong', hash);
      best = Math.min(best, performance.now() - begun);
    }
    return best;
  };
  const hash = bcrypt('secret', 8);
  const ratio = (await fastest(createDecoy(hash))) / (await fastest(hash));
  assert.ok(ratio > 0.3, `ratio ${ratio}`);
});

test('createDecoy makes argon2id hashes of the same cost that no password matches', async () => {
  const hash = argon2idHash('secret');
  for (let run = 0; run < 50; run += 1) {
    const decoy = createDecoy(hash);
    assert.ok(decoy.startsWith('$argon2id$v=19$m=64,t=1,p=1$'));
    assert.equal(decoy.length, hash.length);
    assert.equal(await verifyPassword('secret', decoy), false);
  }
});

for (const hash of [bcrypt('secret'), argon2idHash('secret')]) {
  test(`createDecoy makes another one each time for ${hash.slice(0, 9)}`, () => {
    const decoys = Array.from({ length: 20 }, () => createDecoy(hash));
    assert.equal(new Set(decoys).size, decoys.length);
  });
}

for (const hash of ['$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1', '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=']) {
  test(`createDecoy makes a hash like ${hash} that no password matches`, async () => {
    const decoy = createDecoy(hash);
    assert.equal(decoy.length, hash.length);
    assert.notEqual(decoy, createDecoy(hash));
    assert.equal(await verifyPassword('secret', decoy), false);
  });
}

test('$apr1$ is verified while the thread that asks for it goes on', async () => {
  let isVerified = false;
  const verification = verifyPassword('secret', '$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1').then(
    () => {
      isVerified = true;
    },
  );
  // What another thread answers comes with the next turn of the event loop, never within one.
  for (let step = 0; step < 100; step += 1) await Promise.resolve();
  assert.equal(isVerified, false);
  await verification;
});
