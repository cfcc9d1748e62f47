import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Decision } from '../../../src/core/decision.ts';
import type {
  GroupClaim,
  GroupPush,
  GroupStore,
  GroupTotals,
} from '../../../src/core/store/group-store.ts';
import { createStore, groupId, groupPush } from '../../support/group-push.ts';
import {
  PossibleGroup,
  type SizedFamily,
  type SizedOperation,
} from '../../support/possible-group.ts';

/**
 * Quotas hold in whatever order a store does what is on its way, and whatever of it it does; where
 * nothing is on its way, what is refused would be too much.
 */

/** Runs of the property; more of them with QUOTA_RUNS. */
const RUNS = Number(process.env['QUOTA_RUNS'] ?? 1500);
const GROUPS = ['a', 'b'] as const;
const WHATS = ['groups', 'series', 'bytes'] as const;
type Name = (typeof GROUPS)[number];

const name = fc.constantFrom<Name>('a', 'a', 'a', 'b');
const family = fc.record({
  name: fc.constantFrom('m', 'n', 'o'),
  series: fc.constantFrom(1, 2),
  bytes: fc.constantFrom(1, 2, 3),
});
const pushed = fc.uniqueArray(family, { maxLength: 3, selector: ({ name: of }) => of });
const push = fc.record({
  group: name,
  method: fc.constantFrom('PUT', 'POST'),
  families: pushed,
});
const deletion = fc.record({
  group: name,
  method: fc.constant('DELETE' as const),
  families: fc.constant([]),
});
const end = fc.constantFrom('stored', 'stored', 'stored', 'refused', 'unknown');
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('send' as const), operation: push }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('send' as const), operation: deletion }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(3), end }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      picks: fc.tuple(fc.nat(), fc.nat()),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const quota = fc.record({
  groups: fc.constantFrom(1, 2),
  series: fc.constantFrom(1, 2, 3, 4, 5, 6),
  bytes: fc.constantFrom(2, 3, 4, 5, 6, 7, 8, 9, 100),
});

interface Sent {
  readonly group: PossibleGroup;
  readonly operation: SizedOperation;
  readonly claim: GroupClaim;
}

class Stage {
  readonly store: GroupStore = createStore();
  readonly #groups = { a: new PossibleGroup(), b: new PossibleGroup() };
  readonly #sent: Sent[] = [];
  readonly #quota: GroupTotals;

  constructor(of: GroupTotals) {
    this.#quota = of;
  }

  async take(next: Step): Promise<void> {
    if (next.kind === 'send') await this.send(next.operation);
    else if (next.kind === 'end') await this.end(next);
    else await this.read(next.picks);
    this.assertKept();
  }

  async send(operation: SizedOperation & { readonly group: Name }): Promise<void> {
    if (this.#sent.length > 3) return;
    const group = this.#groups[operation.group];
    const claim = await claimOf(this.store, operation);
    if (claim.effect === 'deny') {
      const most = this.#most(operation);
      const isNeeded = WHATS.some((what) => most[what] > this.#quota[what]);
      const described = `${JSON.stringify(operation)} was refused: ${claim.detail}`;
      if (this.#isQuiet()) assert.ok(isNeeded, described);
      return;
    }
    this.#sent.push({ group, operation, claim: claim.value });
    group.begin(operation);
  }

  async end({ which, end: how }: Extract<Step, { readonly kind: 'end' }>): Promise<void> {
    const [sent] = this.#sent.splice(which % Math.max(1, this.#sent.length), 1);
    if (sent === undefined) return;
    const { group, operation, claim } = sent;
    const possible = group.canEnd(operation, how) ? how : 'stored';
    group.end(operation, possible);
    await claim.settle(possible);
  }

  async read(picks: readonly number[]): Promise<void> {
    using reading = this.store.startReading();
    const groups = GROUPS.flatMap((of, index) => {
      const seen = this.#groups[of].see(picks[index] ?? 0);
      if (seen === undefined) return [];
      const { target, content } = pushOf(of, { method: 'PUT', families: seen });
      const times = { pushedAt: 1, failedAt: undefined };
      return [{ id: groupId(of), key: target.key, families: content.families, ...times }];
    });
    await reading.finish({ groups, own: [], keepsNative: true });
  }

  assertKept(): void {
    const most = this.#most();
    for (const what of WHATS) {
      const limit = this.#quota[what];
      assert.ok(most[what] <= limit, `${most[what]} ${what} of at most ${limit}`);
    }
  }

  /** Whether nothing is under way and nothing in doubt. */
  #isQuiet(): boolean {
    return this.#sent.length === 0 && this.store.doubt() === undefined;
  }

  /** What the team can have at most, or could if one more operation were sent. */
  #most(operation?: SizedOperation & { readonly group: Name }): GroupTotals {
    const most = { groups: 0, series: 0, bytes: 0 };
    for (const of of GROUPS) {
      const one = this.#groups[of].most(operation?.group === of ? operation : undefined);
      for (const what of WHATS) most[what] += one[what];
    }
    return most;
  }
}

async function claimOf(
  store: GroupStore,
  operation: SizedOperation & { readonly group: Name },
): Promise<Decision<GroupClaim>> {
  const { group, method, families } = operation;
  if (method !== 'DELETE') return await store.claim(pushOf(group, { method, families }));
  return { effect: 'allow', value: await store.claimDelete(groupId(group)) };
}

function pushOf(
  group: Name,
  { method, families }: { method: 'PUT' | 'POST'; families: readonly SizedFamily[] },
): GroupPush {
  const text = families.map((of) => `${of.name}:gauge`).join(' ');
  const { content, ...rest } = groupPush(group, text, { method });
  const sized = content.families.map((of, index) => {
    const { series = 0, bytes = 0 } = families[index] ?? {};
    return { ...of, series, bytes };
  });
  return { ...rest, content: { families: sized } };
}

test('a team never has more than its quotas', async () => {
  const steps = fc.array(step, { minLength: 3, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(quota, steps, async (limits, taken) => {
      const stage = new Stage(limits);
      await stage.store.assignOwners({ ownerOf: () => ({ name: 'payments', quota: limits }) });
      for (const next of taken) await stage.take(next);
    }),
    { numRuns: RUNS },
  );
});
