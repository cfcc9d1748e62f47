import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_CLOCK } from '../../src/compose/clock.ts';
import { parseIpAddress } from '../../src/core/network/ip-address.ts';
import type { TeamLimits } from '../../src/core/policy/limits.ts';
import { createTeamLimiter } from '../../src/limits/team-limiter.ts';
import { createMemoryTurnstile } from '../../src/state/memory/turnstile.ts';
import { allowed } from '../support/decision.ts';
import { WIDE_LIMITS } from '../support/team-spec.ts';

/** Pushes without a credential are of one team, and come from many clients. */

const LIMITS: TeamLimits = { ...WIDE_LIMITS, concurrent: 8, waitMs: 60_000 };

/** A limiter, and what became of each push by the name of its client. */
function createStage({ maxWaiting = 1000, limits = LIMITS } = {}) {
  const limiter = createTeamLimiter({
    turnstile: createMemoryTurnstile(SYSTEM_CLOCK),
    maxWaiting: () => maxWaiting,
  });
  const leases: { readonly address: string; readonly lease: Disposable }[] = [];
  const refused: string[] = [];
  const settle = (): Promise<void> => new Promise(setImmediate);
  return {
    refused,
    let: () => leases.map(({ address }) => address),
    async enter(address: string, count = 1) {
      const unproved = parseIpAddress(address);
      assert.ok(unproved);
      for (let index = 0; index < count; index += 1) {
        const guest = { bytes: 0, onLeave: () => () => undefined, unproved };
        void Promise.resolve(limiter.enter('crowd', limits, guest)).then((decision) => {
          if (decision.effect === 'deny') refused.push(address);
          else leases.push({ address, lease: allowed(decision) });
        });
        await settle();
      }
    },
    /** Ends the oldest of those that were let in. */
    async end() {
      leases.shift()?.lease[Symbol.dispose]();
      await settle();
    },
  };
}

test('clients without a credential take turns, whoever sends most', async () => {
  const stage = createStage({ limits: { ...LIMITS, concurrent: 1 } });
  await stage.enter('192.0.2.1', 20);
  await stage.enter('192.0.2.2', 2);
  await stage.enter('192.0.2.3');
  const order: (string | undefined)[] = [];
  for (let count = 0; count < 6; count += 1) {
    order.push(stage.let()[0]);
    await stage.end();
  }
  const [a, b, c] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
  assert.deepEqual(order, [a, a, b, c, a, b]);
});

test('no client without a credential takes all places, nor do several together', async () => {
  const stage = createStage();
  const taken: number[] = [];
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5']) {
    const before = stage.let().length;
    await stage.enter(address, 10);
    taken.push(stage.let().length - before);
  }
  assert.deepEqual(taken, [4, 2, 1, 1, 0]);
});

test('where the line is full the client that has most in it gives way, by its newest', async () => {
  const stage = createStage({ maxWaiting: 4, limits: { ...LIMITS, concurrent: 1 } });
  await stage.enter('192.0.2.1', 5);
  await stage.enter('192.0.2.2');
  assert.deepEqual(stage.refused, ['192.0.2.1']);
  await stage.enter('192.0.2.1');
  assert.deepEqual(stage.refused, ['192.0.2.1', '192.0.2.1']);
  await stage.end();
  assert.deepEqual(stage.let(), ['192.0.2.1']);
  await stage.end();
  assert.deepEqual(stage.let(), ['192.0.2.2']);
});

test('beyond a bound clients are told apart by their network, IPv6 by 64 bits always', async () => {
  const stage = createStage({ limits: { ...LIMITS, concurrent: 1 } });
  await stage.enter('2001:db8::1', 2);
  await stage.enter('2001:db8::2');
  for (let client = 0; client < 255; client += 1) await stage.enter(`198.51.100.${client}`);
  await stage.enter('203.0.113.1', 2);
  await stage.enter('203.0.113.2');
  await stage.enter('203.0.114.1');
  const order: (string | undefined)[] = [];
  while (stage.let().length > 0) {
    order.push(stage.let()[0]);
    await stage.end();
  }
  assert.equal(order.length, 262);
  // one more of the first network, then of each client, and only then the second of each network
  assert.deepEqual(order.slice(-3), ['2001:db8::2', '203.0.113.1', '203.0.113.2']);
});
