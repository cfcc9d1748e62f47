import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Entry, Turn, Turnstile } from '../../src/pipeline/shared-state.ts';
import { eventually } from '../support/eventually.ts';

/** A way to count the pushes of teams. */
interface TurnstileSuite {
  /** `memory` */
  readonly kind: string;
  /** Two gateways that share what they count, of which there is nothing yet. */
  readonly create: () => readonly [Turnstile, Turnstile] | Promise<readonly [Turnstile, Turnstile]>;
}

const WIDE = { rate: { count: 1000, perMs: 1000 }, burst: 0, concurrent: 1000 };
const turn = (limits: Partial<Turn['limits']>, source = ''): Turn => ({
  source,
  limits: { ...WIDE, ...limits },
});

/** Declares the tests that a turnstile of any kind has to pass. */
export function testTurnstile({ kind, create }: TurnstileSuite): void {
  describe(`turnstile of ${kind}`, () => {
    test('lets in the rate and the burst on top, whoever is asked', async () => {
      const gateways = await create();
      const limits = { rate: { count: 3, perMs: 60_000 }, burst: 2 };
      const entries = await enterMany(gateways, 20, turn(limits));
      assert.equal(entries.filter(({ kind: end }) => end === 'entered').length, 5);
      for (const entry of entries.filter(({ kind: end }) => end !== 'entered')) {
        assert.ok(entry.kind === 'early' && entry.waitMs > 50_000 && entry.waitMs <= 60_000);
      }
    });

    test('lets in again when the time that it says is over', async () => {
      const gateways = await create();
      const limits = { rate: { count: 2, perMs: 200 } };
      const entries = await enterMany(gateways, 3, turn(limits));
      const last = entries.find(({ kind: end }) => end === 'early');
      assert.ok(last?.kind === 'early' && last.waitMs > 0 && last.waitMs <= 200);
      await delay(last.waitMs + 5);
      const later = await enterMany(gateways, 3, turn(limits));
      assert.equal(later.filter(({ kind: end }) => end === 'entered').length, 2);
    });

    test('keeps the rates of teams apart, and those of other limits', async () => {
      const [one, other] = await create();
      const limits = { rate: { count: 1, perMs: 60_000 } };
      await enter(one, turn(limits));
      assert.equal((await other.team('reports').enter(turn(limits))).kind, 'entered');
      assert.equal((await enter(other, turn(limits))).kind, 'early');
      const more = { rate: { count: 5, perMs: 60_000 } };
      assert.equal((await enter(other, turn(more))).kind, 'entered');
    });

    test('has as many places as the limit says, whoever is asked', async () => {
      const gateways = await create();
      const entries = await enterMany(gateways, 10, turn({ concurrent: 4 }));
      assert.equal(entries.filter(({ kind: end }) => end === 'entered').length, 4);
      assert.equal(entries.filter(({ kind: end }) => end === 'full').length, 6);
    });

    test('has a place again when one is given back', async () => {
      const [one, other] = await create();
      const first = await enter(one, turn({ concurrent: 1 }));
      assert.equal((await enter(other, turn({ concurrent: 1 }))).kind, 'full');
      assert.ok(first.kind === 'entered');
      first.leave();
      await eventually('a place came free', () => hasEntered(other, turn({ concurrent: 1 })));
    });

    test('a source of its own leaves the others as much as it has', async () => {
      const [one, other] = await create();
      const limits = { concurrent: 4 };
      assert.equal((await enter(one, turn(limits, '192.0.2.1'))).kind, 'entered');
      assert.equal((await enter(other, turn(limits, '192.0.2.1'))).kind, 'entered');
      assert.equal((await enter(one, turn(limits, '192.0.2.1'))).kind, 'full');
      assert.equal((await enter(other, turn(limits, '192.0.2.2'))).kind, 'entered');
      assert.equal((await enter(one, turn(limits))).kind, 'entered');
      assert.equal((await enter(other, turn(limits))).kind, 'full');
    });

    test('what finds no place costs nothing of the rate', async () => {
      const gateways = await create();
      const limits = { rate: { count: 2, perMs: 60_000 }, concurrent: 1 };
      const [first] = await enterMany(gateways, 10, turn(limits));
      assert.ok(first?.kind === 'entered');
      first.leave();
      await eventually('a place came free', () => hasEntered(gateways[1], turn(limits)));
    });

    test('what is over the rate takes no place, and passes it over if it may', async () => {
      const [one, other] = await create();
      const limits = { rate: { count: 1, perMs: 60_000 }, concurrent: 2 };
      await enter(one, turn(limits));
      for (let index = 0; index < 5; index += 1) {
        assert.equal((await enter(other, turn(limits))).kind, 'early');
      }
      assert.equal((await enter(other, { ...turn(limits), ignoresRate: true })).kind, 'entered');
      assert.equal((await enter(one, { ...turn(limits), ignoresRate: true })).kind, 'full');
    });

    test('knows what it has let in itself', async () => {
      const [one] = await create();
      const team = one.team('payments');
      const entry = await team.enter(turn({ concurrent: 2 }, '192.0.2.1'));
      assert.ok(entry.kind === 'entered');
      assert.equal(team.sources, 1);
      assert.equal(team.has('192.0.2.1'), true);
      assert.equal(team.isFull('192.0.2.1', 2), true);
      assert.equal(team.isFull('', 2), false);
      entry.leave();
      assert.equal(team.sources, 0);
      assert.equal(team.has('192.0.2.1'), false);
    });
  });
}

async function enter(gateway: Turnstile, what: Turn): Promise<Entry> {
  return await gateway.team('payments').enter(what);
}

async function hasEntered(gateway: Turnstile, what: Turn): Promise<true | undefined> {
  return (await enter(gateway, what)).kind === 'entered' ? true : undefined;
}

/** All at once, at one gateway and the other. */
function enterMany(
  gateways: readonly [Turnstile, Turnstile],
  count: number,
  what: Turn,
): Promise<readonly Entry[]> {
  const [one, other] = gateways;
  const asked = Array.from({ length: count }, (_, index) =>
    enter(index % 2 === 0 ? one : other, what),
  );
  return Promise.all(asked);
}
