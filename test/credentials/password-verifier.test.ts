import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { createPasswordVerifier } from '../../src/credentials/password-verifier.ts';

const HASH = hashSync('secret', { cost: 4 });
const OTHER_HASH = hashSync('other', { cost: 4 });

test('verify tells a match from a mismatch', async () => {
  const { verify } = createPasswordVerifier({ parallel: 1 });
  assert.equal(await verify('secret', HASH), 'match');
  assert.equal(await verify('Secret', HASH), 'mismatch');
  assert.equal(await verify('secret', OTHER_HASH), 'mismatch');
});

test('a match is known from then on, a mismatch never', async () => {
  const { isKnown, verify } = createPasswordVerifier({ parallel: 1 });
  assert.equal(isKnown('secret', HASH), false);
  await verify('wrong', HASH);
  await verify('secret', HASH);
  assert.equal(isKnown('secret', HASH), true);
  assert.equal(isKnown('wrong', HASH), false);
  assert.equal(isKnown('secret', OTHER_HASH), false);
});

test('a known match is verified without a hash', async () => {
  const { verify } = createPasswordVerifier({ parallel: 1 });
  const dear = hashSync('secret', { cost: 10 });
  await verify('secret', dear);
  const begun = process.cpuUsage();
  for (let run = 0; run < 100; run += 1) assert.equal(await verify('secret', dear), 'match');
  assert.ok(process.cpuUsage(begun).user < 1_000_000);
});

/** What a cache of joined strings would take for the pair of "secret" and HASH (CVE-2022-46146). */
const JOINED = [
  ['secre', `t${HASH}`],
  [`secret${HASH.slice(0, 1)}`, HASH.slice(1)],
  [`secret${HASH}`, ''],
  ['', `secret${HASH}`],
  [HASH, 'secret'],
  [`secret:${HASH}`, ''],
] as const;
for (const [password, hash] of JOINED) {
  test(`a match says nothing of ${JSON.stringify(password.slice(0, 12))} with a hash moved along`, async () => {
    const { isKnown, verify } = createPasswordVerifier({ parallel: 1 });
    await verify('secret', HASH);
    assert.equal(isKnown(password, hash), false);
  });
}

test('a new verifier knows nothing of another', async () => {
  const before = createPasswordVerifier({ parallel: 1 });
  await before.verify('secret', HASH);
  assert.equal(createPasswordVerifier({ parallel: 1 }).isKnown('secret', HASH), false);
});

test('a pair that is verified many times at once costs one hash and one place', async () => {
  const { verify } = createPasswordVerifier({ parallel: 1 });
  const results = await Promise.all(Array.from({ length: 500 }, () => verify('secret', HASH)));
  assert.deepEqual(new Set(results), new Set(['match']));
});

test('a pair is under way until its hash is done, whatever comes of it', async () => {
  const { isUnderWay, verify } = createPasswordVerifier({ parallel: 1 });
  for (const password of ['secret', 'wrong']) {
    const result = verify(password, HASH);
    assert.deepEqual([isUnderWay(password, HASH), isUnderWay('other', HASH)], [true, false]);
    await result;
    assert.equal(isUnderWay(password, HASH), false);
  }
});

test('beyond 64 that wait, verify answers busy at once, and goes on when they are done', async () => {
  const { verify } = createPasswordVerifier({ parallel: 2 });
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) => verify(`wrong ${index}`, HASH)),
  );
  const count = (wanted: string) => results.filter((result) => result === wanted).length;
  assert.deepEqual([count('mismatch'), count('busy')], [66, 134]);
  assert.equal(await verify('secret', HASH), 'match');
});

test('with no place left a known match is a match still, and a mismatch is not remembered', async () => {
  const { verify } = createPasswordVerifier({ parallel: 1 });
  await verify('secret', HASH);
  await verify('wrong', HASH);
  const others = Array.from({ length: 65 }, (_, index) => verify(`wrong ${index}`, HASH));
  const results = await Promise.all([verify('secret', HASH), verify('wrong', HASH)]);
  assert.deepEqual(results, ['match', 'busy']);
  assert.deepEqual(new Set(await Promise.all(others)), new Set(['mismatch']));
});

test('verify throws on what is no hash, each time, and keeps its place free', async () => {
  const { isKnown, verify } = createPasswordVerifier({ parallel: 1 });
  for (let run = 0; run < 3; run += 1) {
    await assert.rejects(verify('secret', 'no hash'), { name: 'TypeError' });
  }
  assert.equal(isKnown('secret', 'no hash'), false);
  assert.equal(await verify('secret', HASH), 'match');
});
