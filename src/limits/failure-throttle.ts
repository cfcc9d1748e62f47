import { LRUCache } from 'lru-cache';
import type { FailureThrottle } from '../pipeline/ports.ts';

/** Pairs remembered at most; the least recently used one goes first. */
const MAX_PAIRS = 50_000;

interface FailureLimits {
  readonly perMs: number;
  readonly limit: number;
}

/**
 * Counts wrong passwords per address and user name, in memory. At the limit no new password hash
 * is started for the pair until its time is over; what was verified before is not asked here.
 * @param limits - read at each call, so that a reload takes effect
 */
export function createFailureThrottle(limits: () => FailureLimits): FailureThrottle {
  const failures = new LRUCache<string, { count: number }>({ max: MAX_PAIRS });
  const keyOf = (address: string, username: string): string => `${address} ${username}`;
  return {
    retryAfterMs(address, username) {
      const key = keyOf(address, username);
      const spent = (failures.get(key)?.count ?? 0) >= limits().limit;
      return spent ? failures.getRemainingTTL(key) : 0;
    },
    countFailure(address, username) {
      const key = keyOf(address, username);
      const known = failures.get(key);
      if (known === undefined) failures.set(key, { count: 1 }, { ttl: limits().perMs });
      else known.count += 1;
    },
  };
}
