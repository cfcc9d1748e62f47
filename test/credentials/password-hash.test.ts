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
  test(`verifyPassword knows the password of a ${name} hash and no other`, () => {
    assert.equal(verifyPassword(password, hash), true);
    for (const wrong of ['', `${password} `, password.toUpperCase(), `${password}\0`, hash]) {
      assert.equal(verifyPassword(wrong, hash), false);
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

test('verifyPassword knows a password that htpasswd -B hashed just now', (context) => {
  const line = runHtpasswd('correct horse é');
  if (line === undefined) {
    context.skip('htpasswd is not installed');
    return;
  }
  const hash = line.slice('ci:'.length);
  assert.match(hash, /^\$2y\$04\$/);
  assert.equal(verifyPassword('correct horse é', hash), true);
  assert.equal(verifyPassword('correct horse e', hash), false);
});

for (const [unit, count] of [
  ['a', 72],
  ['é', 36],
  ['🚀', 18],
] as const) {
  test(`verifyPassword refuses ${unit} repeated beyond the 72 bytes that bcrypt looks at`, () => {
    const longest = unit.repeat(count);
    const hash = bcrypt(longest);
    assert.equal(verifyPassword(longest, hash), true);
    assert.equal(verifyPassword(`${longest}a`, hash), false);
    assert.equal(verifyPassword(longest.repeat(2), hash), false);
  });
}

test('verifyPassword takes passwords of any length for argon2id', () => {
  const hash = argon2idHash('a'.repeat(200));
  assert.equal(verifyPassword('a'.repeat(200), hash), true);
  assert.equal(verifyPassword('a'.repeat(199), hash), false);
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
  test(`verifyPassword and createDecoy throw on ${JSON.stringify(hash)}`, () => {
    const error = { name: 'TypeError', message: 'not a password hash that can be verified' };
    assert.throws(() => verifyPassword('x', hash), error);
    assert.throws(() => createDecoy(hash), error);
  });
}

for (let cost = 4; cost <= 12; cost += 1) {
  test(`createDecoy makes a bcrypt hash of cost ${cost} that no password matches`, () => {
    const decoy = createDecoy(
      bcrypt('secret').replace('$04$', `$${String(cost).padStart(2, '0')}$`),
    );
    assert.ok(decoy.startsWith(`$2b$${String(cost).padStart(2, '0')}$`));
    assert.equal(decoy.length, 60);
    assert.equal(verifyPassword('secret', decoy), false);
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

/** Microseconds of all threads of this process, whatever else the machine does. */
function measureCpu(hash: string): number {
  const before = process.cpuUsage();
  verifyPassword('wrong', hash);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const COSTLY = {
  bcrypt: bcrypt('secret', 8),
  argon2id: argon2idHash('secret', { memory: 4096, passes: 2 }),
  $apr1$: '$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1',
} as const;
for (const [name, hash] of Object.entries(COSTLY)) {
  test(`a decoy of ${name} costs as much to verify as the hash it stands for`, () => {
    const decoy = createDecoy(hash);
    const costs = { decoy: Number.POSITIVE_INFINITY, hash: Number.POSITIVE_INFINITY };
    for (let run = 0; run < 8; run += 1) {
      costs.decoy = Math.min(costs.decoy, measureCpu(decoy));
      costs.hash = Math.min(costs.hash, measureCpu(hash));
    }
    const ratio = costs.decoy / costs.hash;
    assert.ok(ratio > 0.5 && ratio < 2, `ratio ${ratio}`);
  });
}

test('createDecoy makes argon2id hashes of the same cost that no password matches', () => {
  const hash = argon2idHash('secret');
  for (let run = 0; run < 50; run += 1) {
    const decoy = createDecoy(hash);
    assert.ok(decoy.startsWith('$argon2id$v=19$m=64,t=1,p=1$'));
    assert.equal(decoy.length, hash.length);
    assert.equal(verifyPassword('secret', decoy), false);
  }
});

for (const hash of [bcrypt('secret'), argon2idHash('secret')]) {
  test(`createDecoy makes another one each time for ${hash.slice(0, 9)}`, () => {
    const decoys = Array.from({ length: 20 }, () => createDecoy(hash));
    assert.equal(new Set(decoys).size, decoys.length);
  });
}

for (const hash of ['$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1', '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=']) {
  test(`createDecoy makes a hash like ${hash} that no password matches`, () => {
    const decoy = createDecoy(hash);
    assert.equal(decoy.length, hash.length);
    assert.notEqual(decoy, createDecoy(hash));
    assert.equal(verifyPassword('secret', decoy), false);
  });
}
