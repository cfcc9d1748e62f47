import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Turnstile } from '../../../src/pipeline/shared-state.ts';
import { createValkeyFailureThrottle } from '../../../src/state/valkey/failure-throttle.ts';
import { createValkeySessionStore } from '../../../src/state/valkey/session-store.ts';
import { openValkeyStoreLog } from '../../../src/state/valkey/store-log.ts';
import { createValkeyTurnstile } from '../../../src/state/valkey/turnstile.ts';
import { createScript, openValkey, type Valkey } from '../../../src/state/valkey/valkey.ts';
import { createValkeyWorkLock } from '../../../src/state/valkey/work-lock.ts';
import { testFailureThrottle } from '../../conformance/failure-throttle.ts';
import { testSessionStore } from '../../conformance/session-store.ts';
import { testStoreLog } from '../../conformance/store-log.ts';
import { testTurnstile } from '../../conformance/turnstile.ts';
import { testWorkLock } from '../../conformance/work-lock.ts';
import { eventually } from '../../support/eventually.ts';
import { missingPrograms } from '../../support/program.ts';
import { type RedisServer, STATE_SERVERS, startRedis } from '../../support/redis-server.ts';

const SILENT = { info() {}, warn() {}, error() {} };
const FLUSH = createScript(`return redis.call('FLUSHALL')`);
const LEASE_MS = 400;

const stack = new AsyncDisposableStack();
after(() => stack.disposeAsync());

describe('what gateways share', { concurrency: true }, async () => {
  for (const [kind, program] of Object.entries(STATE_SERVERS)) {
    const skip = missingPrograms([program]);
    if (skip !== false) test(kind, { skip }, () => undefined);
    else {
      const server = stack.use(await startRedis({ program }));
      describe(kind, { concurrency: false }, () => declare(kind, server));
    }
  }
});

/** Declares everything that a server of a kind has to pass. */
function declare(kind: string, server: RedisServer): void {
  let opened: readonly [Valkey, Valkey] | undefined;
  const open = async (): Promise<Valkey> =>
    stack.use(await openValkey({ url: server.url, log: SILENT, timeoutMs: 1000 }));
  const fresh = async (): Promise<readonly [Valkey, Valkey]> => {
    opened ??= [await open(), await open()];
    await opened[0].run(FLUSH, [], []);
    return opened;
  };
  const each = async <T>(create: (valkey: Valkey) => T): Promise<readonly [T, T]> => {
    const [one, other] = await fresh();
    return [create(one), create(other)];
  };

  testTurnstile({ kind, create: () => each((valkey) => createValkeyTurnstile(valkey)) });
  testFailureThrottle({
    kind,
    create: (limits) => each((valkey) => createValkeyFailureThrottle(valkey, () => limits)),
  });
  testSessionStore({ kind, create: () => each(createValkeySessionStore) });
  testWorkLock({
    kind,
    create: () => each((valkey) => createValkeyWorkLock(valkey, 'janitor')),
  });

  testStoreLog({
    kind,
    async create() {
      await fresh();
      const options = { url: server.url, log: SILENT, name: 'a', leaseMs: 1000 };
      const logs = [
        stack.use(openValkeyStoreLog(options)),
        stack.use(openValkeyStoreLog(options)),
      ] as const;
      return {
        logs,
        kill: () => void logs[1][Symbol.asyncDispose](), // its connection is gone
        lose: async () => void (await fresh()),
      };
    },
  });

  const limits = { rate: { count: 1000, perMs: 1000 }, burst: 0, concurrent: 1 };
  const turn = { source: '', limits };

  test('the places of a gateway that says nothing any more come free, no sooner', async () => {
    const [one, other] = await each((valkey) => createValkeyTurnstile(valkey, LEASE_MS));
    const teams = ['payments', 'reports', 'batch'];
    const enterAll = async (turnstile: Turnstile): Promise<readonly string[]> =>
      Promise.all(teams.map(async (name) => (await turnstile.team(name).enter(turn)).kind));
    assert.deepEqual(await enterAll(one), ['entered', 'entered', 'entered']);
    await delay(2 * LEASE_MS);
    assert.deepEqual(await enterAll(other), ['full', 'full', 'full']);
    const died = performance.now();
    await one[Symbol.asyncDispose]();
    await eventually('a place came free', async () => {
      const entry = await other.team('payments').enter(turn);
      return entry.kind === 'entered' ? true : undefined;
    });
    assert.ok(performance.now() - died > LEASE_MS / 2);
    assert.deepEqual(await enterAll(other), ['full', 'entered', 'entered']);
    assert.deepEqual(await enterAll(other), ['full', 'full', 'full']);
  });

  test('a work that stops to say so is lost, and says it before others begin', async () => {
    const [one, other] = await each((valkey) => createValkeyWorkLock(valkey, 'janitor', LEASE_MS));
    let isLost = false;
    const first = one.hold(async (lost) => {
      await fresh(); // the lock is gone with everything else
      await new Promise((resolve) => lost.addEventListener('abort', resolve));
      isLost = true;
    });
    await first;
    assert.equal(isLost, true);
    assert.equal(await other.hold(async () => 'next'), 'next');
  });
}
