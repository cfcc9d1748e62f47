import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FailureThrottle } from '../../src/pipeline/shared-state.ts';
import { allowed, denied } from '../support/decision.ts';
import { eventually } from '../support/eventually.ts';

interface ThrottleLimits {
  readonly perMs: number;
  readonly limit: number;
}

/** A way to count wrong passwords. */
interface FailureThrottleSuite {
  /** `memory` */
  readonly kind: string;
  /** Two gateways that share what they count, of which there is nothing yet. */
  readonly create: (
    limits: ThrottleLimits,
  ) =>
    | readonly [FailureThrottle, FailureThrottle]
    | Promise<readonly [FailureThrottle, FailureThrottle]>;
}

/** Declares the tests that a failure throttle of any kind has to pass. */
export function testFailureThrottle({ kind, create }: FailureThrottleSuite): void {
  describe(`failure throttle of ${kind}`, () => {
    test('refuses a pair at its limit, whichever gateway is asked, and no other pair', async () => {
      const [one, other] = await create({ perMs: 60_000, limit: 3 });
      allowed(await one.begin('10.1.2.3', 'ci'));
      allowed(await other.begin('10.1.2.3', 'ci'));
      allowed(await one.begin('10.1.2.3', 'ci'));
      for (const gateway of [one, other]) {
        const { reason, retryAfterSeconds = 0 } = denied(await gateway.begin('10.1.2.3', 'ci'));
        assert.equal(reason, 'too_many_failures');
        assert.ok(retryAfterSeconds > 50 && retryAfterSeconds <= 60);
        allowed(await gateway.begin('10.1.2.4', 'ci'));
        allowed(await gateway.begin('10.1.2.3', 'other'));
      }
    });

    test('counts attempts that are made all at once as those made in turn', async () => {
      const [one, other] = await create({ perMs: 60_000, limit: 5 });
      const begun = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? one : other).begin('10.1.2.3', 'ci'),
        ),
      );
      assert.equal(begun.filter(({ effect }) => effect === 'allow').length, 5);
    });

    test('forgets what is forgiven', async () => {
      const [one, other] = await create({ perMs: 60_000, limit: 1 });
      const attempt = allowed(await one.begin('10.1.2.3', 'ci'));
      denied(await other.begin('10.1.2.3', 'ci'));
      attempt.forgive();
      await eventually('the failure is forgiven', async () => {
        const again = await other.begin('10.1.2.3', 'ci');
        return again.effect === 'allow' ? true : undefined;
      });
    });

    test('the time of a pair is from its first failure on', async () => {
      const [one, other] = await create({ perMs: 300, limit: 2 });
      allowed(await one.begin('10.1.2.3', 'ci'));
      await delay(150);
      allowed(await other.begin('10.1.2.3', 'ci'));
      denied(await one.begin('10.1.2.3', 'ci'));
      await delay(200);
      allowed(await one.begin('10.1.2.3', 'ci'));
      allowed(await other.begin('10.1.2.3', 'ci'));
      denied(await one.begin('10.1.2.3', 'ci'));
    });

    test('pairs with separators in their names are not mixed up', async () => {
      const [one, other] = await create({ perMs: 60_000, limit: 1 });
      allowed(await one.begin('10.1.2.3', 'a b:c'));
      allowed(await other.begin('10.1.2.3', 'a b'));
      allowed(await other.begin('10.1.2.3', '__proto__'));
      allowed(await other.begin('10.1.2.3', ''));
      denied(await other.begin('10.1.2.3', 'a b:c'));
    });
  });
}
