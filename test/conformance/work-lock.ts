import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkLock } from '../../src/pipeline/shared-state.ts';

/** A way to do a work one at a time. */
interface WorkLockSuite {
  /** `memory` */
  readonly kind: string;
  /** Two gateways that have the same work. */
  readonly create: () => readonly [WorkLock, WorkLock] | Promise<readonly [WorkLock, WorkLock]>;
}

/** Declares the tests that a lock of any kind has to pass. */
export function testWorkLock({ kind, create }: WorkLockSuite): void {
  describe(`work lock of ${kind}`, () => {
    test('lets one work at a time, and each in the end', async () => {
      const [one, other] = await create();
      let atWork = 0;
      const work = async (lost: AbortSignal): Promise<number> => {
        atWork += 1;
        assert.equal(atWork, 1);
        await delay(10);
        atWork -= 1;
        assert.equal(lost.aborted, false);
        return 42;
      };
      const held = [one, other, one, other].map((lock) => lock.hold(work));
      assert.deepEqual(await Promise.all(held), [42, 42, 42, 42]);
    });

    test('goes on after a work that failed', async () => {
      const [one, other] = await create();
      const failing = one.hold(async () => Promise.reject(new Error('the work failed')));
      const next = other.hold(async () => 'done');
      await assert.rejects(failing, /the work failed/);
      assert.equal(await next, 'done');
    });
  });
}
