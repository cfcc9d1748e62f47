import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtpasswd } from '../../../src/core/identity/htpasswd.ts';

const BCRYPT = '$2y$05$OL.UEM7ZH9w/btpfTYNVP.xRU0sza3ebOLNxJr.LoMbWMAkKalyfO';
const APR1 = '$apr1$yyx2j5MU$1fqYybF6BIs/TqqKl2w/D1';
const SHA = '{SHA}z7uRKHTOteUMQAUUbEaJAugx32Q=';
const ARGON2ID =
  '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

test('parseHtpasswd reads users of every kind of hash, and leaves comments and gaps out', () => {
  const text = `# old hosts\n\nann:${BCRYPT}\nbob:${APR1}\r\n\ncem:${ARGON2ID}  \nd e:${BCRYPT}`;
  assert.deepEqual(parseHtpasswd(text), {
    users: [
      { username: 'ann', passwordHash: BCRYPT },
      { username: 'bob', passwordHash: APR1 },
      { username: 'cem', passwordHash: ARGON2ID },
      { username: 'd e', passwordHash: BCRYPT },
    ],
    errors: [],
    warnings: [],
  });
});

test('parseHtpasswd takes {SHA} under a warning', () => {
  const { users, errors, warnings } = parseHtpasswd(`ann:${BCRYPT}\nbob:${SHA}\n`);
  assert.deepEqual(users[1], { username: 'bob', passwordHash: SHA });
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'line 2: an {SHA} hash has no salt: make a bcrypt hash with "htpasswd -B"',
  ]);
});

const FIX = ': make a bcrypt hash with "htpasswd -B"';
const REFUSED: readonly (readonly [line: string, problem: string])[] = [
  ['bob:rqXexS6ZhobKA', `a DES crypt hash is not supported${FIX}`],
  ['bob:$1$abc$def', `a crypt hash is not supported${FIX}`],
  ['bob:$5$rounds=5000$abc$def', `a crypt hash is not supported${FIX}`],
  ['bob:$6$abc$def', `a crypt hash is not supported${FIX}`],
  ['bob:$y$j9T$abc$def', `a crypt hash is not supported${FIX}`],
  ['bob:hunter2', `a password in plain text is not supported${FIX}`],
  ['bob:$sha1$c2FsdA', `is not a password hash${FIX}`],
  ['bob:', `is not a password hash${FIX}`],
  [`bob:realm:${BCRYPT}`, `is not a password hash${FIX}`],
  [`bob:${BCRYPT}x`, `the bcrypt hash is not complete${FIX}`],
  ['bob:$apr1$abc', `the $apr1$ hash is not complete${FIX}`],
  ['bob:{SHA}abc', `the {SHA} hash is not complete${FIX}`],
  [
    `bob:${ARGON2ID.replace('argon2id', 'argon2i')}`,
    `of the argon2 kinds only argon2id is supported${FIX}`,
  ],
  [
    `bob:${ARGON2ID.replace('65536', '4194304')}`,
    'the argon2id hash would cost too much: at most m=1048576,t=64,p=16',
  ],
  ['bob', 'is not a user name, a colon and a hash'],
  [`:${BCRYPT}`, 'is not a user name, a colon and a hash'],
  [`b\tob:${BCRYPT}`, 'the user name is longer than 128 characters or has controls'],
  [`${'b'.repeat(129)}:${BCRYPT}`, 'the user name is longer than 128 characters or has controls'],
  [`ann:${APR1}`, 'the user ann is there twice'],
];
for (const [line, problem] of REFUSED) {
  test(`parseHtpasswd refuses ${line.slice(0, 40)} by name, and never shows a hash`, () => {
    const { errors } = parseHtpasswd(`ann:${BCRYPT}\n${line}\n`);
    assert.deepEqual(errors, [`line 2: ${problem}`]);
  });
}

for (const text of ['', '\n\n', '# nobody\n']) {
  test(`parseHtpasswd finds no user in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseHtpasswd(text).errors, ['no user is in it']);
  });
}
