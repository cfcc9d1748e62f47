import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { parseTextExposition } from '../../../src/core/exposition/text/text-exposition.ts';
import type { Steps } from '../../../src/core/steps.ts';
import type { GroupStore } from '../../../src/core/store/group-store.ts';
import { createLongWorks } from '../../../src/core/store/long-works.ts';
import { createMemoryGroupStore } from '../../../src/core/store/memory-group-store.ts';
import { WIDE_SCOPE } from '../../support/content-scope.ts';
import { denied } from '../../support/decision.ts';
import {
  claimed,
  createSlicingStore,
  deleteGroup,
  groupPush,
  pushAll,
  textPush,
} from '../../support/group-push.ts';
import {
  operation,
  renderBody,
  SimulatedStore,
  type StoreOperation,
  withTypes,
} from '../../support/store-operations.ts';

/** Pushes of so many families are claimed in slices. */
const MANY = 3000;

/** A store that does what is asked while half of a large push is entered. */
async function createBusyStore() {
  let meanwhile: (() => void) | undefined;
  let pauses = 0;
  let due = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
    if (pauses === due) meanwhile?.();
    await nextTurn();
  };
  const slices = { above: 1000, length: 300 };
  const store = createMemoryGroupStore({ secret: [1, 2], pause, slices });
  await store.startReading().finish({ groups: [], own: [], keepsNative: true });
  const inTheMiddle = <T>(work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // three steps for each family: its type, whether it is known, its series
    due = pauses + Math.floor((MANY * 2.5) / slices.length);
    meanwhile = () => void work().then(resolve, reject);
    return promise;
  };
  return { store, inTheMiddle, pauses: () => pauses };
}

function many(type: string, last = ''): string {
  const names = Array.from({ length: MANY }, (_, index) => `many_${index}:${type}`);
  return [...names, last].join(' ');
}

test('a push of very many families is claimed in many turns, and others go on meanwhile', async () => {
  const { store, inTheMiddle } = await createBusyStore();
  const order: string[] = [];
  const other = inTheMiddle(async () => {
    await pushAll(store, groupPush('b', 'foo:gauge'));
    order.push('other');
  });
  await claimed(store, groupPush('a', many('gauge')));
  order.push('large');
  await other;
  assert.deepEqual(order, ['other', 'large']);
});

test('what only half of a refused push is in the way of is taken', async () => {
  const { store, inTheMiddle } = await createBusyStore();
  await pushAll(store, groupPush('b', 'small:counter'));
  const other = inTheMiddle(async () => await store.claim(groupPush('c', 'many_0:counter')));
  // a hash that the group b has comes last, so that all else is entered before it is refused
  const twice = groupPush('d', many('gauge'));
  const last = textPush('d', 'last 1\n').content.families[0];
  const series = textPush('b', 'small 1\n').content.families[0];
  assert.ok(last !== undefined && series !== undefined);
  const families = [...twice.content.families, { ...last, identities: series.identities }];
  const refused = await store.claim({ ...twice, content: { families } });
  assert.match(String(denied(refused).detail), /the hash of another/);
  assert.equal((await other).effect, 'allow');
});

test('what a large push that is taken is in the way of is refused', async () => {
  const { store, inTheMiddle } = await createBusyStore();
  const other = inTheMiddle(async () => await store.claim(groupPush('c', 'many_0:counter')));
  await claimed(store, groupPush('a', many('gauge')));
  assert.equal(denied(await other).reason, 'inconsistent');
});

test('another push to the group of a large one waits until that is claimed', async () => {
  const { store, inTheMiddle, pauses } = await createBusyStore();
  await pushAll(store, groupPush('a', 'bar:gauge'));
  const second = inTheMiddle(async () => {
    const begun = pauses();
    await claimed(store, groupPush('a', 'foo:gauge'));
    return pauses() - begun;
  });
  await claimed(store, groupPush('a', many('gauge')));
  assert.ok((await second) > 0, 'it did not wait');
});

test('a large group that is deleted or replaced in slices leaves nothing behind', async () => {
  const { store } = await createBusyStore();
  await pushAll(store, groupPush('a', many('gauge')), groupPush('a', 'foo:gauge'));
  await pushAll(store, groupPush('b', many('counter')));
  await deleteGroup(store, 'b');
  await pushAll(store, groupPush('a', many('summary')));
  assert.equal(store.familyLines().size, MANY);
});

const putOperation = operation.map((one): StoreOperation => ({ ...one, method: 'PUT' }));

test('pushes claimed in slices at the same time are refused only for one that is taken', async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(putOperation, { minLength: 2, maxLength: 6, selector: ({ group }) => group }),
      fc.infiniteStream(fc.nat(3)),
      async (operations, ticks) => {
        const pause = async (): Promise<void> => {
          const { value = 0 } = ticks.next();
          for (let tick = 0; tick < value; tick += 1) await Promise.resolve();
        };
        const store = createSlicingStore(pause, 1);
        await store.startReading().finish({ groups: [], own: [], keepsNative: true });
        const claims = await Promise.all(
          operations.map(async (one, index) => {
            for (let tick = 0; tick < 7 * index; tick += 1) await Promise.resolve();
            return await claimOf(store, one);
          }),
        );
        let real = new SimulatedStore();
        for (const { operation: one, claim } of claims) {
          if (claim?.effect === 'allow') real = real.with(withTypes(one, claim.value.adopted));
        }
        assert.equal(real.problem(), undefined);
        for (const { operation: one, claim } of claims) {
          if (claim?.effect !== 'deny') continue;
          refused += 1;
          assert.ok(real.with(one).problem() !== undefined, `${JSON.stringify(one)} was refused`);
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(refused > 50, `${refused} refusals are too few`);
});

/** Undefined for a body that is refused before it could be claimed. */
async function claimOf(store: GroupStore, one: StoreOperation) {
  const { key } = groupPush(one.group, '').target;
  const scope = { ...WIDE_SCOPE, key };
  const content = parseTextExposition(Buffer.from(renderBody(one)), scope);
  // What a summary or histogram of the same body has taken is no family of its own.
  const isWhole =
    content.effect === 'allow' && content.value.families.length === one.families.length;
  const push = isWhole ? textPush(one.group, renderBody(one)) : undefined;
  return { operation: one, claim: push && (await store.claim(push)) };
}

test('what ends something goes before what begins, and nothing beside a long work', async () => {
  const order: string[] = [];
  const works = createLongWorks({ length: 1, pause: () => nextTurn() });
  const work = function* (name: string): Steps<void> {
    yield;
    order.push(name);
    yield;
  };
  const begun = [works.begin('a', work('first')), works.begin('b', work('second'))];
  assert.ok(works.isOn('a') && !works.isOn('b'));
  const off = works.whenOff('a').then(() => order.push('off'));
  const alone = works.alone(() => order.push(works.isUnderWay() ? 'beside' : 'alone'));
  await Promise.all([...begun, works.end('c', work('end')), alone, off]);
  assert.deepEqual(order, ['first', 'off', 'alone', 'end', 'second']);
  const broken = works.begin('a', brokenSteps());
  await assert.rejects(broken, /surprise/);
  assert.ok(!works.isUnderWay());
  await works.begin('a', work('third'));
});

// biome-ignore lint/correctness/useYield: it ends before
function* brokenSteps(): Steps<void> {
  throw new Error('surprise');
}
