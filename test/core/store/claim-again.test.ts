import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FamilyContent } from '../../../src/core/exposition/push-content.ts';
import type {
  GroupClaim,
  GroupStore,
  PushEnd,
  StoreReading,
} from '../../../src/core/store/group-store.ts';
import type { GroupQuota } from '../../../src/core/store/quota.ts';
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

const method = fc.constantFrom('PUT' as const, 'POST' as const);
/** By which the first family is larger than another time. */
const larger = fc.constantFrom(0, 0, 0, 0, 7, -7);
const end = fc.constantFrom(...ENDS);

/** What is done in a history, how often each. */
interface Habits {
  readonly group: fc.Arbitrary<string>;
  readonly text: fc.Arbitrary<string>;
  readonly method: fc.Arbitrary<'PUT' | 'POST'>;
  readonly end: fc.Arbitrary<PushEnd>;
  /** Of pushes that end at once, of such that do not, of ends, and of all else. */
  readonly weights: readonly [push: number, claim: number, settle: number, other: number];
}

function stepsOf({ weights, ...habits }: Habits) {
  const { group, text } = habits;
  const pushed = { group, text, method: habits.method, larger };
  const [push, claim, settle, other] = weights;
  return fc.oneof(
    { weight: push, arbitrary: fc.record({ kind: fc.constant('push' as const), ...pushed }) },
    { weight: claim, arbitrary: fc.record({ kind: fc.constant('claim' as const), ...pushed }) },
    {
      weight: settle,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        which: fc.nat(3),
        end: habits.end,
      }),
    },
    { weight: 2 * other, arbitrary: fc.record({ kind: fc.constant('delete' as const), group }) },
    { weight: other, arbitrary: fc.record({ kind: fc.constant('begin reading' as const) }) },
    {
      weight: 2 * other,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        texts: fc.tuple(text, text, text),
        larger,
        keepsNative: fc.boolean(),
      }),
    },
  );
}

/** Mostly the push of every next day, and what comes between its claim and its end. */
const mixed = stepsOf({
  group: fc.constantFrom('a', 'a', ...GROUPS),
  text: fc.constantFrom('foo:gauge', 'foo:gauge', 'foo:gauge', 'foo:gauge', ...TEXTS),
  ...{ method, end, weights: [6, 4, 4, 1] },
});
/** The same pushes to one group, many of them at the same time. */
const overlapping = (how: fc.Arbitrary<'PUT' | 'POST'>) =>
  stepsOf({
    group: fc.constant('a'),
    text: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom('foo:gauge width:summary', 'width:summary foo:gauge'),
      },
      { weight: 1, arbitrary: fc.constant('foo:gauge') },
    ),
    method: how,
    end: fc.oneof({ weight: 4, arbitrary: fc.constant('stored' as const) }, end),
    weights: [2, 20, 20, 1],
  });
type Step = typeof mixed extends fc.Arbitrary<infer T> ? T : never;

/** Little enough that some of it is refused. */
const QUOTA: GroupQuota = { groups: 2, series: 4, bytes: 50 };

function resized(of: readonly FamilyContent[], larger: number): readonly FamilyContent[] {
  return of.map((family, index) =>
    index > 0 ? family : { ...family, bytes: family.bytes + larger },
  );
}

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
    return { came: await this.#do(next), has: this.#describe(), counts: await this.#count() };
  }

  async #do(next: Step): Promise<unknown> {
    const store = this.#store;
    switch (next.kind) {
      case 'push':
      case 'claim': {
        const rest = { method: next.method, at: this.#at, credential: `at ${this.#at}` };
        const push = groupPush(next.group, next.text, rest);
        const content = { families: resized(push.content.families, next.larger) };
        const claim = await store.claim({ ...push, content });
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
          const held = resized(families(next.texts[index] ?? '', key), next.larger);
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

  /** What the quota counts, as a refusal says it. */
  async #count(): Promise<object> {
    const push = groupPush('probe', 'probe:gauge');
    const [family] = push.content.families;
    assert.ok(family !== undefined);
    const tell = (size: Partial<FamilyContent>) =>
      this.#store.claim({ ...push, content: { families: [{ ...family, ...size }] } });
    return [await tell({ series: 1e6 }), await tell({ bytes: 1e6, series: 0 })];
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

/** Whatever is cut into slices goes the whole way. */
async function compare(steps: readonly Step[], quota: GroupQuota): Promise<void> {
  const stores = [createStore(), createSlicingStore()];
  await Promise.all(
    stores.map((store) => store.assignOwners({ ownerOf: () => ({ name: 'payments', quota }) })),
  );
  const [quick, whole] = stores.map((store) => new Stand(store));
  for (const next of steps) {
    assert.deepEqual(await quick?.take(next), await whole?.take(next), next.kind);
  }
}

test('a push of what its group has ends in what it would the whole way', async () => {
  const steps = fc.array(mixed, { minLength: 5, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, (taken) => compare(taken, QUOTA)),
    { numRuns: 600 },
  );
});

for (const [what, how] of [
  ['PUT', fc.constant('PUT')],
  ['POST', fc.constant('POST')],
  ['either', method],
] as const) {
  test(`pushes of what their group has end so too when they overlap, by ${what}`, async () => {
    const steps = fc.array(overlapping(how), { minLength: 5, maxLength: 40 });
    const bytes = fc.constantFrom(60, 100, 1000);
    await fc.assert(
      fc.asyncProperty(steps, bytes, (taken, most) =>
        compare(taken, { groups: 2, series: 1000, bytes: most }),
      ),
      { numRuns: 200 },
    );
  });
}
