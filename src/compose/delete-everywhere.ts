import type { GroupClaim } from '../core/store/group-store.ts';
import { judgeOutcome } from '../core/store/upstream-outcome.ts';
import type { Upstream } from '../pipeline/ports/upstream.ts';

/**
 * Joins Pushgateways of which each has a copy of a group, after a move that was broken off, for a
 * delete of it: none is left to come up again. It has failed when one of them has.
 */
export function deleteEverywhere(first: Upstream, others: readonly Upstream[]): Upstream {
  if (others.length === 0) return first;
  const all = [first, ...others];
  const { store, whenKnown, tidy } = first;
  return {
    ...{ whenKnown, tidy, timeoutMs: first.timeoutMs },
    store: {
      ...store,
      async claimDelete(id): Promise<GroupClaim> {
        const claims = await Promise.all(all.map((one) => one.store.claimDelete(id)));
        return {
          adopted: [],
          async settle(end) {
            await Promise.all(claims.map((claim) => claim.settle(end)));
          },
        };
      },
    },
    async send(request) {
      const [outcome, ...more] = await Promise.all([
        first.send(request),
        ...others.map((one) => one.send(request)),
      ]);
      const failed = [outcome, ...more].find((one) => judgeOutcome('DELETE', one).end !== 'stored');
      // what the others have taken is not known until they are read
      return failed?.kind === 'failed' ? { ...failed, mayBeApplied: true } : (failed ?? outcome);
    },
    [Symbol.dispose]() {
      for (const one of all) one[Symbol.dispose]();
    },
  };
}
