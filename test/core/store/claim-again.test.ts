import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type {
  GroupClaim,
  GroupStore,
  PushEnd,
  StoreReading,
} from '../../../src/core/store/group-store.ts';
import {
  createSlicingStore,
  createStore,
  families,
  groupId,
  groupPush,
} from '../../support/group-push.ts';

/** What pushes bring and readings find: of some types clash, of one nothing is kept without notice. */
const TEXTS = [
  'foo:gauge',
  'foo:counter',
  'foo:gauge bar:summary',
  'bar:summary foo:gauge',
  'bar_sum:gauge',
  'foo:gauge wide:native_histogram',
  '',
] as const;
const GROUPS = ['a', 'b', 'c'] as const;
const ENDS: readonly PushEnd[] = ['stored', 'rejected', 'unknown', 'refused'];

const group = fc.constantFrom('a', 'a', ...GROUPS);
const text = fc.constantFrom('foo:gauge', 'foo:gauge', 'foo:gauge', 'foo:gauge', ...TEXTS);
const method = fc.constantFrom('PUT' as const, 'POST' as const);
/** Mostly the push of every next day, and what comes between its claim and its end. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), group, text, method }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim' as const), group, text, method }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.nat(2),
      end: fc.constantFrom(...ENDS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), group }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin reading' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      texts: fc.tuple(text, text, text),
      /** By which a family is larger than what a push of it counts. */
      larger: fc.constantFrom(0, 0, 7, -7),
      keepsNative: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Little enough that some of it is refused. */
const QUOTA = { groups: 2, series: 4, bytes: 50 };

class Stand {
  readonly #store: GroupStore;
  readonly #claims: GroupClaim[] = [];
  #reading: StoreReading | undefined;
  #at = 0;

  constructor(store: GroupStore) {
    this.#store = store;
  }

  /** Does a step; what came of it and what there is then, to be compared. */
  async take(next: Step): Promise<object> {
    this.#at += 1;
    return { came: await this.#do(next), has: this.#describe() };
  }

  async #do(next: Step): Promise<unknown> {
    const store = this.#store;
    switch (next.kind) {
      case 'push':
      case 'claim': {
        const rest = { method: next.method, at: this.#at, credential: `at ${this.#at}` };
        const claim = await store.claim(groupPush(next.group, next.text, rest));
        if (claim.effect === 'deny') return claim;
        if (next.kind === 'push') await claim.value.settle('stored');
        else this.#claims.push(claim.value);
        return claim.value.adopted;
      }
      case 'settle':
        return await this.#claims.splice(next.which, 1)[0]?.settle(next.end);
      case 'delete':
        this.#claims.push(await store.claimDelete(groupId(next.group)));
        return undefined;
      case 'begin reading':
        this.#reading = store.startReading();
        return undefined;
      case 'read': {
        const groups = GROUPS.map((name, index) => {
          const key = { job: name, labels: [] };
          const held = families(next.texts[index] ?? '', key).map((family) => ({
            ...family,
            bytes: family.bytes + next.larger,
          }));
          const times = { pushedAt: this.#at, failedAt: undefined };
          return { id: groupId(name), key, families: held, ...times };
        }).filter((read) => read.families.length > 0);
        const { keepsNative } = next;
        const reading = this.#reading ?? store.startReading();
        this.#reading = undefined;
        return await reading.finish({ groups, own: [], keepsNative });
      }
    }
  }

  #describe(): object {
    const store = this.#store;
    return {
      groups: [...store.groups()]
        .map(({ id, owner, pushedAt, failedAt, credential, series, bytes, families: held }) => ({
          ...{ id, owner, pushedAt, failedAt, credential, series, bytes },
          families: held.map(({ name, type }) => `${name}:${type}`).sort(),
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
      totals: store.totals('payments'),
      lines: [...store.familyLines()].sort(([a], [b]) => (a < b ? -1 : 1)),
      size: store.size(),
      doubt: store.doubt(),
    };
  }
}

test('a push of what its group has ends in what it would the whole way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      // Whatever is cut into slices goes the whole way.
      const stores = [createStore(), createSlicingStore()];
      const ownership = { ownerOf: () => ({ name: 'payments', quota: QUOTA }) };
      await Promise.all(stores.map((store) => store.assignOwners(ownership)));
      const [quick, whole] = stores.map((store) => new Stand(store));
      for (const next of steps) {
        assert.deepEqual(await quick?.take(next), await whole?.take(next), next.kind);
      }
    }),
    { numRuns: 600 },
  );
});
