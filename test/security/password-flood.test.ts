import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { type IpAddress, parseIpAddress, renderSource } from '../../src/core/network/ip-address.ts';
import { finish } from '../../src/core/steps.ts';
import { createBasicAuthenticator } from '../../src/credentials/basic.ts';
import { createPasswordVerifier } from '../../src/credentials/password-verifier.ts';
import { credentialContext, recordingThrottle } from '../support/credential-context.ts';

/**
 * The attack: one client without a credential asks for passwords of ever new user names. Its hashes
 * filled the places and the queue, and everybody whose password was not remembered yet, all of them
 * after a reload, was refused as `overloaded` for as long as it went on.
 */
const HASH = hashSync('secret', { cost: 8 });

test('a flood of passwords from one address keeps no other address out', async () => {
  const passwords = createPasswordVerifier({ parallel: 1 });
  const flood = Array.from({ length: 500 }, (_, index) =>
    passwords.verify(`guess ${index}`, HASH, '192.0.2.1'),
  );
  let hasEnded = false;
  void Promise.all(flood).then(() => {
    hasEnded = true;
  });
  assert.equal(await passwords.verify('secret', HASH, '198.51.100.7'), 'match');
  assert.equal(hasEnded, false, 'it did not wait for the flood');
  const results = await Promise.all(flood);
  assert.equal(results.filter((result) => result === 'mismatch').length, 64);
});

test('a client cannot be many by the addresses of its IPv6 network', async () => {
  const throttle = recordingThrottle();
  const spec = { type: 'basic', name: 'ci', username: 'ci', passwordHash: HASH } as const;
  const context = credentialContext({ throttle });
  const authenticator =
    finish(createBasicAuthenticator([{ team: 'a', spec }], context)) ?? assert.fail();
  for (const host of ['1', '2', 'ffff:ffff']) {
    const presented = { scheme: 'basic', username: 'ci', password: host } as const;
    await authenticator.authenticate(presented, address(`2001:db8:0:1::${host}`));
  }
  assert.deepEqual(new Set(throttle.failures), new Set(['2001:db8:0:1::/64 ci']));
});

const SOURCES = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1:2:3:4', 'fe80:0:0:0::/64'],
] as const;
for (const [text, source] of SOURCES) {
  test(`${text} is one of ${source}`, () => {
    assert.equal(renderSource(address(text)), source);
  });
}

function address(text: string): IpAddress {
  return parseIpAddress(text) ?? assert.fail(text);
}
