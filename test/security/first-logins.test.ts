import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { parseIpAddress } from '../../src/core/network/ip-address.ts';
import { finish } from '../../src/core/steps.ts';
import { createBasicAuthenticator } from '../../src/credentials/basic.ts';
import type { Authenticator } from '../../src/pipeline/ports.ts';
import { ADDRESS, credentialContext } from '../support/credential-context.ts';

/**
 * The attack: keep users who have not logged in since the start from doing so, without a single
 * name that exists. Each unknown name took a hash of its own: a hundred connections of one address,
 * or eighty addresses with one each, filled the queue, and an honest user got 503 every time.
 */
const HONEST = Array.from({ length: 8 }, (_, index) => ({
  username: `cron-${index}`,
  passwordHash: hashSync(`secret ${index}`, { cost: 6 }),
}));
const MAX_WAIT_MS = 20_000;

function createAuthenticator(): Authenticator {
  const spec = { type: 'htpasswd', name: 'cron', users: HONEST } as const;
  return (
    finish(createBasicAuthenticator([{ team: 'a', spec }], credentialContext())) ?? assert.fail()
  );
}

const CROWDS = {
  'a hundred connections of one address, its own': Array.from({ length: 100 }, () => ADDRESS),
  'eighty addresses': Array.from(
    { length: 80 },
    (_, index) => parseIpAddress(`192.0.2.${index}`) ?? ADDRESS,
  ),
};
for (const [crowd, addresses] of Object.entries(CROWDS)) {
  test(`a first login is neither refused nor late beside unknown names from ${crowd}`, async () => {
    const authenticator = createAuthenticator();
    let isOver = false;
    const attack = addresses.map(async (address, index) => {
      for (let attempt = 0; !isOver; attempt += 1) {
        const username = `nobody-${index}-${attempt}`;
        const presented = { scheme: 'basic', username, password: 'x' } as const;
        const decision = await authenticator.authenticate(presented, address);
        assert.equal(decision?.effect, 'deny');
        // as over a network: the next attempt takes a turn of the event loop
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (const [index, { username }] of HONEST.entries()) {
      const began = performance.now();
      const presented = { scheme: 'basic', username, password: `secret ${index}` } as const;
      const decision = await authenticator.authenticate(presented, ADDRESS);
      assert.equal(decision?.effect, 'allow');
      assert.ok(performance.now() - began < MAX_WAIT_MS);
    }
    isOver = true;
    await Promise.all(attack);
  });
}
