import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { verifyInThread } from '../../src/credentials/hashing-threads.ts';
import { argon2idHash } from '../support/argon2id.ts';

const HASHES = [
  hashSync('secret', { cost: 4 }),
  argon2idHash('secret'),
  '$apr1$yyx2j5MU$ztDH8m/fXjUZFfkTyNT4o.',
  '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
];
for (const hash of HASHES) {
  test(`${hash.slice(0, 10)} is verified while the thread that asks for it goes on`, async () => {
    let isVerified = false;
    const verification = verifyInThread('secret', hash).then((isMatch) => {
      isVerified = true;
      return isMatch;
    });
    // What another thread answers comes with the next turn of the event loop, never within one.
    for (let step = 0; step < 100; step += 1) await Promise.resolve();
    assert.equal(isVerified, false);
    assert.equal(await verification, true);
    assert.equal(await verifyInThread('Secret', hash), false);
  });
}

test('each of many at once gets the answer to its own question', async () => {
  const passwords = Array.from({ length: 6 }, (_, index) => (index % 3 ? `${index}` : 'secret'));
  const hash = HASHES[0] ?? assert.fail();
  const answers = await Promise.all(passwords.map((password) => verifyInThread(password, hash)));
  assert.deepEqual(
    answers,
    passwords.map((password) => password === 'secret'),
  );
});

test('text that is no hash is refused, and what comes after it is verified', async () => {
  await assert.rejects(verifyInThread('secret', 'no hash'), { name: 'TypeError' });
  assert.equal(await verifyInThread('secret', HASHES[0] ?? ''), true);
});

test('threads are used again: as many as were needed at once, and they give way', (context) => {
  if (process.platform !== 'linux') {
    context.skip('priorities are of whole processes here');
    return;
  }
  assert.deepEqual([countThreads(5), countThreads(0) > 0], [6, true]);
});

/** Threads of this process with a niceness: the 19th field of proc(5), `/proc/pid/stat`. */
function countThreads(niceness: number): number {
  const stats = readdirSync('/proc/self/task').map((thread) =>
    readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'),
  );
  const found = stats.map((stat) => Number(stat.split(') ').at(-1)?.split(' ')[16]));
  return found.filter((one) => one === niceness).length;
}
