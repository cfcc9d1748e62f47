import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyPassword } from '../../src/credentials/password-hash.ts';
import { runCli } from '../support/run-cli.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const algorithms = [
  { args: [], form: /^\$2b\$12\$[./A-Za-z0-9]{53}\n$/ },
  { args: ['--algorithm', 'bcrypt'], form: /^\$2b\$12\$[./A-Za-z0-9]{53}\n$/ },
  {
    args: ['--algorithm', 'argon2id'],
    form: /^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/,
  },
];
for (const { args, form } of algorithms) {
  test(`hash-password ${args.join(' ')} hashes what the gateway verifies`, async () => {
    const input = 'päss word ';
    const { status, stdout, stderr } = await runCli(['hash-password', ...args], { input });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, form);
    assert.equal(await verifyPassword(input, stdout.trim()), true);
    assert.equal(await verifyPassword('päss word', stdout.trim()), false);
  });
}

for (const end of ['\n', '\r\n']) {
  test(`hash-password drops one line end: ${JSON.stringify(end)}`, async () => {
    const { stdout } = await runCli(['hash-password'], { input: `secret\n${end}` });
    assert.equal(await verifyPassword('secret\n', stdout.trim()), true);
  });
}

const refused = [
  { name: 'an empty password', input: '\n', stderr: 'pushwarden: the password is empty\n' },
  { name: 'no password at all', input: '', stderr: 'pushwarden: the password is empty\n' },
  {
    name: 'more bytes than bcrypt looks at',
    input: `${'é'.repeat(36)}x`,
    stderr: 'pushwarden: bcrypt takes at most 72 bytes: use --algorithm argon2id\n',
  },
];
for (const { name, input, stderr } of refused) {
  test(`hash-password refuses ${name}`, async () => {
    assert.deepEqual(await runCli(['hash-password'], { input }), { status: 1, stdout: '', stderr });
  });
}

/** Of util-linux: gives a command a terminal. */
const SCRIPT = '/usr/bin/script';

test('hash-password asks on a terminal and does not show what is typed', {
  skip: existsSync(SCRIPT) ? false : `${SCRIPT} is missing`,
}, async () => {
  const command = `'${process.execPath}' '${MAIN}' hash-password`;
  const child = spawn(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null']);
  const shown = text(child.stdout);
  child.stdout.once('data', () => child.stdin.write('typed secret\r'));
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
  const [prompt, hash = ''] = (await shown).split('\r\n');
  assert.equal(prompt, 'Password: ');
  assert.equal(await verifyPassword('typed secret', hash), true);
});
