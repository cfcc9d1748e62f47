import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LogEntry, LogMembership, StoreLog } from '../../src/pipeline/shared-state.ts';
import { eventually } from '../support/eventually.ts';

/** A way to bring what gateways do into one order. */
interface StoreLogSuite {
  /** `memory` */
  readonly kind: string;
  /** Two gateways that share a log, in which there is nothing yet. */
  readonly create: () => Promise<{
    readonly logs: readonly [StoreLog, StoreLog];
    /** Ends a member as if its process were gone. */
    readonly kill: (membership: LogMembership) => void;
    /** The log is gone, as of a server without persistence that starts anew. */
    readonly lose: () => Promise<void> | void;
  }>;
}

/** Declares the tests that a log of any kind has to pass. */
export function testStoreLog({ kind, create }: StoreLogSuite): void {
  describe(`store log of ${kind}`, () => {
    test('who joins hears of it first, and how many there are', async () => {
      const { logs } = await create();
      await using first = await join(logs[0]);
      await using second = await join(logs[1]);
      await first.heard(2);
      await second.heard(1);
      assert.deepEqual(first.entries, [joined(first, 1), joined(second, 2)]);
      assert.deepEqual(second.entries, [joined(second, 2)]);
    });

    test('everybody takes the same in the same order, one after the other', async () => {
      const { logs } = await create();
      await using first = await join(logs[0]);
      await using second = await join(logs[1]);
      const sent = Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? first : second).membership.append(Buffer.from([index, 0, 255, 13, 10])),
      );
      await Promise.all(sent);
      await first.heard(102);
      await second.heard(101);
      assert.deepEqual(first.entries.slice(1), second.entries);
      assert.equal(first.overlaps + second.overlaps, 0);
      const values = second.entries.flatMap((entry) =>
        entry.kind === 'operation' ? [entry.data[0] ?? -1] : [],
      );
      assert.deepEqual(
        values.toSorted((a, b) => a - b),
        [...Array(100).keys()],
      );
      for (const parity of [0, 1]) {
        const own = values.filter((value) => value % 2 === parity);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
          'each in its own order',
        );
      }
    });

    test('who leaves has ended at once, who dies when it has said nothing for long', async () => {
      const { logs, kill } = await create();
      await using first = await join(logs[0]);
      const second = await join(logs[1]);
      await second.membership[Symbol.asyncDispose]();
      await first.heard(3);
      assert.deepEqual(first.entries[2], { kind: 'ended', member: second.name, members: 1 });
      const third = await join(logs[1]);
      await third.heard(1);
      kill(third.membership);
      await first.heard(5);
      assert.deepEqual(first.entries[4], { kind: 'ended', member: third.name, members: 1 });
      assert.equal(first.lost, 0);
      assert.equal(first.membership.isCurrent(), true);
    });

    test('who is no member any more is told, and writes nothing', async () => {
      const { logs, lose } = await create();
      await using first = await join(logs[0]);
      await using second = await join(logs[1]);
      await second.heard(1);
      await lose();
      await eventually('both are told', () => (first.lost + second.lost === 2 ? true : undefined));
      assert.equal(first.membership.isCurrent(), false);
      await assert.rejects(first.membership.append(Buffer.from('x')), {
        code: 'ERR_STATE_UNAVAILABLE',
      });
      await using again = await join(logs[0]);
      await again.heard(1);
      assert.deepEqual(again.entries, [joined(again, 1)]);
      assert.notEqual(again.name, first.name);
    });
  });
}

function joined({ name }: { readonly name: string }, members: number): LogEntry {
  return { kind: 'joined', member: name, members };
}

async function join(log: StoreLog) {
  const membership = await log.join();
  const entries: LogEntry[] = [];
  const stage = { lost: 0, overlaps: 0 };
  let isTaking = false;
  membership.follow({
    async take(entry) {
      if (isTaking) stage.overlaps += 1;
      isTaking = true;
      await Promise.resolve();
      entries.push(
        entry.kind === 'operation' ? { ...entry, data: Uint8Array.from(entry.data) } : entry,
      );
      isTaking = false;
    },
    lost() {
      stage.lost += 1;
    },
  });
  return {
    membership,
    name: membership.member,
    entries,
    get lost() {
      return stage.lost;
    },
    get overlaps() {
      return stage.overlaps;
    },
    heard: (count: number) =>
      eventually(`${count} entries`, () => (entries.length >= count ? true : undefined), 10_000),
    [Symbol.asyncDispose]: () => membership[Symbol.asyncDispose](),
  };
}
