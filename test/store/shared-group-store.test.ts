import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../../src/core/errors.ts';
import type { GroupClaim, GroupStore } from '../../src/core/store/group-store.ts';
import { createMemoryGroupStore } from '../../src/core/store/memory-group-store.ts';
import { decodeOperation, type Operation } from '../../src/core/store/replica/operation.ts';
import type { StoreLog } from '../../src/pipeline/shared-state.ts';
import { createMemoryStoreLog } from '../../src/state/memory/store-log.ts';
import { openSharedGroupStore } from '../../src/store/shared-group-store.ts';
import type { SharedGroupStore } from '../../src/store/shared-store.ts';
import { type StoreStand, testGroupStore } from '../conformance/group-store.ts';

const GATEWAYS = 3;

const createModel = () => createMemoryGroupStore({ secret: [1, 2], pause: async () => {} });

/** Three gateways that share a store; each call goes to the next of them. */
async function openStand(): Promise<StoreStand> {
  const log = createMemoryStoreLog();
  const gateways: SharedGroupStore[] = [];
  for (let index = 0; index < GATEWAYS; index += 1) {
    gateways.push(openSharedGroupStore({ log, createModel }));
    await nextTurn();
    await nextTurn();
  }
  const members = gateways.map((_, index) => `member ${index + 1}`);
  const claims = new WeakMap<GroupClaim, SharedGroupStore>();
  let calls = 0;
  const next = (): SharedGroupStore => {
    calls += 1;
    const gateway = gateways[calls % gateways.length];
    if (gateway === undefined) throw new Error('there is none left');
    return gateway;
  };
  const note = (claim: GroupClaim, gateway: SharedGroupStore): GroupClaim => {
    claims.set(claim, gateway);
    return claim;
  };
  const first = next().startReading();
  await first.finish({ groups: [], own: [], keepsNative: false });
  const store: GroupStore = {
    async claim(push) {
      const gateway = next();
      const claimed = await gateway.claim(push);
      if (claimed.effect === 'allow') note(claimed.value, gateway);
      return claimed;
    },
    async claimDelete(group) {
      const gateway = next();
      return note(await gateway.claimDelete(group), gateway);
    },
    startReading: () => next().startReading(),
    group: (id) => next().group(id),
    groups: (filter) => next().groups(filter),
    totals: (team) => next().totals(team),
    familyLines: () => next().familyLines(),
    size: () => next().size(),
    doubt: () => next().doubt(),
    assignOwners: (ownership) => next().assignOwners(ownership),
  };
  return {
    store,
    settled: nextTurn,
    kill() {
      if (gateways.length === 1) return undefined;
      const [killed] = gateways.splice(0, 1);
      const [member = ''] = members.splice(0, 1);
      log.kill(member);
      void killed?.[Symbol.asyncDispose]();
      return (claim) => claims.get(claim) === killed;
    },
  };
}

testGroupStore({ kind: 'three gateways', create: openStand, share: 0.15 });

for (const [what, dies] of [
  ['begin, whoever of them is told first', false],
  ['begin without the first of them, which dies at once', true],
] as const) {
  test(`gateways that join at the same time ${what}`, async () => {
    const log = createMemoryStoreLog();
    const [first, ...others] = Array.from({ length: GATEWAYS }, () =>
      openSharedGroupStore({ log, createModel }),
    );
    await Promise.resolve(); // all have joined, and taken nothing yet
    if (dies) {
      log.kill('member 1');
      await first?.[Symbol.asyncDispose]();
    }
    for (const gateway of dies ? others : [first, ...others]) {
      const reading = gateway?.startReading();
      await reading?.begun();
      await reading?.finish({ groups: [], own: [], keepsNative: false });
    }
    await Promise.all([first, ...others].map((gateway) => gateway?.[Symbol.asyncDispose]()));
  });
}

/** A log that rejects operations of a kind while it is full: before they are written, or after. */
function createFullLog(log: StoreLog, kind: Operation['kind'], isWritten: boolean) {
  let isFull = true;
  return {
    async join() {
      const membership = await log.join();
      const append = membership.append.bind(membership);
      return Object.assign(membership, {
        async append(data: Uint8Array) {
          const isRejected = isFull && decodeOperation(data).kind === kind;
          if (!isRejected || isWritten) await append(data);
          if (isRejected) throw new GatewayError('ERR_STATE_UNAVAILABLE', 'full');
        },
      });
    },
    makeRoom() {
      isFull = false;
    },
    fill() {
      isFull = true;
    },
  };
}

async function read(gateway: SharedGroupStore): Promise<void> {
  using reading = gateway.startReading();
  await reading.begun();
  await reading.finish({ groups: [], own: [], keepsNative: false });
}

for (const [what, kind, isWritten] of [
  ['to begin anew was not written', 'fresh', false],
  ['to read was written, and not answered', 'read', true],
] as const) {
  test(`gateways read the store all the same when the word ${what}`, {
    timeout: 10_000,
  }, async () => {
    const full = createFullLog(createMemoryStoreLog(), kind, isWritten);
    await using first = openSharedGroupStore({ log: full, createModel });
    await using second = openSharedGroupStore({ log: full, createModel });
    const early = [first, second].map((gateway) => read(gateway).catch(() => undefined));
    await nextTurn();
    full.makeRoom();
    await Promise.all(early);
    for (const gateway of [first, second]) await read(gateway);
  });
}

test('gateways begin anew with one that came back while Valkey was full, also if nobody reads', {
  timeout: 10_000,
}, async () => {
  const log = createMemoryStoreLog();
  const full = createFullLog(log, 'fresh', false);
  full.makeRoom();
  await using first = openSharedGroupStore({ log: full, createModel });
  await using second = openSharedGroupStore({ log: full, createModel });
  await nextTurn(); // both have joined
  for (const gateway of [first, second]) await read(gateway);
  full.fill();
  log.kill('member 2');
  await nextTurn(); // it has joined again
  const begun = [first, second].map(async (gateway) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gateway.watch({ pushed: () => () => undefined, deleted: () => undefined, begunAnew: resolve });
    await promise;
  });
  full.makeRoom();
  await Promise.all(begun);
});

test('a reading that is given up while Valkey is full keeps nobody from reading', {
  timeout: 10_000,
}, async () => {
  const full = createFullLog(createMemoryStoreLog(), 'stop', false);
  await using first = openSharedGroupStore({ log: full, createModel });
  await using second = openSharedGroupStore({ log: full, createModel });
  await nextTurn(); // both have joined
  for (const gateway of [first, second]) await read(gateway);
  const givenUp = first.startReading();
  await givenUp.begun();
  givenUp[Symbol.dispose]();
  await nextTurn();
  full.makeRoom();
  await read(second);
});

test('gateways that wait to read ask now and then, and do not wake each other', async () => {
  const log = createMemoryStoreLog();
  let asked = 0;
  const counted: StoreLog = {
    async join() {
      const membership = await log.join();
      const append = membership.append.bind(membership);
      return Object.assign(membership, {
        async append(data: Uint8Array) {
          if (decodeOperation(data).kind === 'read') asked += 1;
          await nextTurn();
          await append(data);
        },
      });
    },
  };
  await using first = openSharedGroupStore({ log, createModel });
  await using second = openSharedGroupStore({ log: counted, createModel });
  await using third = openSharedGroupStore({ log: counted, createModel });
  await nextTurn(); // all have joined
  for (const gateway of [first, second, third]) await read(gateway);
  asked = 0;
  const reading = first.startReading();
  await reading.begun();
  const waiting = [second, third].map(read);
  await delay(1000);
  assert.ok(asked >= 2 && asked <= 20, `${asked} times`);
  await reading.finish({ groups: [], own: [], keepsNative: false });
  await Promise.all(waiting);
});
