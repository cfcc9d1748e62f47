import { LRUCache } from 'lru-cache';
import { allow, deny } from '../../core/decision.ts';
import type { FailureLimits, FailureThrottle } from '../../pipeline/shared-state.ts';

/** Pairs remembered at most; the least recently used one goes first. */
const MAX_PAIRS = 50_000;

/** Answers at once. */
interface MemoryFailureThrottle extends FailureThrottle {
  begin(
    ...pair: Parameters<FailureThrottle['begin']>
  ): Exclude<ReturnType<FailureThrottle['begin']>, Promise<unknown>>;
}

/**
 * Counts wrong passwords per address and user name, in memory, those that are still being verified
 * among them. At the limit no new password hash is started for the pair until its time is over;
 * what was verified before is not asked here.
 * @param limits - read at each call, so that a reload takes effect
 */
export function createFailureThrottle(limits: () => FailureLimits): MemoryFailureThrottle {
  const failures = new LRUCache<string, { count: number }>({ max: MAX_PAIRS });
  return {
    begin(address, username) {
      const key = `${address} ${username}`;
      const { perMs, limit } = limits();
      const known = failures.get(key);
      if (known !== undefined && known.count >= limit) {
        const retryAfterSeconds = Math.ceil(failures.getRemainingTTL(key) / 1000);
        return deny('too_many_failures', { retryAfterSeconds });
      }
      const entry = known ?? { count: 0 };
      if (known === undefined) failures.set(key, entry, { ttl: perMs });
      entry.count += 1;
      return allow({
        forgive() {
          entry.count -= 1;
          // The time of a pair begins with a failure, not with a password that was right.
          if (entry.count === 0 && failures.peek(key) === entry) failures.delete(key);
        },
      });
    },
  };
}
