import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Jwks } from '../../src/core/identity/jwks.ts';
import type { IssuerClient } from '../../src/credentials/issuer-client.ts';
import { createFixedKeySet, openRemoteKeySet } from '../../src/credentials/key-set.ts';
import { manualClock } from '../support/manual-clock.ts';

const MINUTE = 60_000;
const MAX_STALE_MS = 60 * MINUTE;

/** Keys that nothing is verified with. */
function keysNamed(...names: readonly string[]): Jwks {
  return { keys: names.map((kid) => ({ kty: 'OKP', crv: 'Ed25519', x: 'AA', kid })) };
}

/** Lets everything that waits for nothing but its turn run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A key set of a client whose loads end as the test says. */
function openStage() {
  const clock = manualClock();
  const loads: PromiseWithResolvers<Jwks>[] = [];
  const ends: string[] = [];
  mock.timers.enable({ apis: ['setInterval'] });
  let isClosed = false;
  const client: IssuerClient = {
    load() {
      const load = Promise.withResolvers<Jwks>();
      loads.push(load);
      return load.promise;
    },
    async close() {
      isClosed = true;
    },
  };
  const observer = {
    loaded: () => void ends.push('loaded'),
    failed: (error: unknown) => void ends.push(String(error)),
  };
  const keySet = openRemoteKeySet({ client, maxStaleMs: MAX_STALE_MS, clock, observer });
  return {
    keySet,
    clock,
    ends,
    isClosed: () => isClosed,
    loadCount: () => loads.length,
    /** Ends the newest load. */
    async end(result: Jwks | Error) {
      const load = loads.at(-1) ?? assert.fail('nothing is loaded');
      if (result instanceof Error) load.reject(result);
      else load.resolve(result);
      await settle();
    },
    /** Lets time pass, timers included. */
    pass(milliseconds: number) {
      for (let passed = 0; passed < milliseconds; passed += 5000) {
        clock.advance(5000);
        mock.timers.tick(5000);
      }
    },
    [Symbol.dispose]: () => mock.timers.reset(),
  };
}

test('a fixed key set has its keys for ever', async () => {
  const keySet = createFixedKeySet(JSON.stringify(keysNamed('a')));
  const keys = keySet.current();
  assert.deepEqual(keys?.jwks, keysNamed('a'));
  assert.equal(await keySet.load(), keys);
  assert.equal(keys && (await keySet.loadBeyond(keys)), keys);
});

test('a key set loads its keys at once, and who asks meanwhile waits for that load', async () => {
  using stage = openStage();
  assert.equal(stage.keySet.current(), undefined);
  const waiting = [stage.keySet.load(), stage.keySet.load()];
  await stage.end(keysNamed('a'));
  assert.deepEqual((await Promise.all(waiting))[1]?.jwks, keysNamed('a'));
  assert.deepEqual([stage.loadCount(), stage.ends], [1, ['loaded']]);
});

test('a key set that could not load tries again by itself, and not before its time', async () => {
  using stage = openStage();
  await stage.end(new Error('down'));
  assert.equal(await stage.keySet.load(), undefined);
  assert.equal(stage.loadCount(), 1);
  stage.pass(5000);
  assert.equal(stage.loadCount(), 2);
  await stage.end(keysNamed('a'));
  assert.deepEqual(stage.keySet.current()?.jwks, keysNamed('a'));
  assert.deepEqual(stage.ends, ['Error: down', 'loaded']);
});

test('a key set refreshes every five minutes and keeps keys that are the same', async () => {
  using stage = openStage();
  await stage.end(keysNamed('a'));
  const keys = stage.keySet.current();
  stage.pass(5 * MINUTE - 5000);
  assert.equal(stage.loadCount(), 1);
  stage.pass(5000);
  assert.equal(stage.loadCount(), 2);
  await stage.end(keysNamed('a'));
  assert.equal(stage.keySet.current(), keys);
  stage.pass(5 * MINUTE);
  await stage.end(keysNamed('b'));
  assert.deepEqual(stage.keySet.current()?.jwks, keysNamed('b'));
});

test('a key set answers with the keys it has while a load hangs', async () => {
  using stage = openStage();
  await stage.end(keysNamed('a'));
  stage.pass(20 * MINUTE);
  assert.equal(stage.loadCount(), 2);
  assert.deepEqual(stage.keySet.current()?.jwks, keysNamed('a'));
});

test('a key set keeps the last good keys until they are too old, and tries on', async () => {
  using stage = openStage();
  await stage.end(keysNamed('a'));
  while (stage.clock.monotonic() < MAX_STALE_MS) {
    stage.pass(5000);
    await stage.end(new Error('down'));
    assert.deepEqual(stage.keySet.current()?.jwks, keysNamed('a'));
  }
  // From five minutes on, every half minute.
  assert.equal(stage.loadCount(), 1 + 1 + 55 * 2);
  stage.pass(5000);
  assert.equal(stage.keySet.current(), undefined);
  const loaded = stage.keySet.load();
  await stage.end(keysNamed('a'));
  assert.deepEqual((await loaded)?.jwks, keysNamed('a'));
});

test('a key set loads once for a key that it does not know, then not for a while', async () => {
  using stage = openStage();
  await stage.end(keysNamed('a'));
  const old = stage.keySet.current() ?? assert.fail();
  const asked = Promise.all(Array.from({ length: 200 }, () => stage.keySet.loadBeyond(old)));
  assert.equal(stage.loadCount(), 2);
  await stage.end(keysNamed('a', 'b'));
  const fresh = stage.keySet.current() ?? assert.fail();
  assert.deepEqual(fresh.jwks, keysNamed('a', 'b'));
  assert.ok((await asked).every((keys) => keys === fresh));
  assert.equal(await stage.keySet.loadBeyond(old), fresh);
  assert.equal(await stage.keySet.loadBeyond(fresh), fresh);
  assert.equal(stage.loadCount(), 2);
  stage.clock.advance(10_000);
  const again = stage.keySet.loadBeyond(fresh);
  assert.equal(stage.loadCount(), 3);
  await stage.end(new Error('down'));
  assert.equal(await again, fresh);
});

test('a key set that is closed loads no more and complains about nothing', async () => {
  using stage = openStage();
  await stage.keySet.close();
  assert.ok(stage.isClosed());
  await stage.end(new Error('destroyed'));
  stage.pass(MINUTE);
  assert.equal(await stage.keySet.load(), undefined);
  assert.deepEqual([stage.loadCount(), stage.ends], [1, []]);
});
