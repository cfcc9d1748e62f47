import { createHash } from 'node:crypto';
import { allow, deny } from '../../core/decision.ts';
import type { FailureLimits, FailureThrottle } from '../../pipeline/shared-state.ts';
import { createScript, type Valkey } from './valkey.ts';

/** 0: it may begin; else the milliseconds until it may. */
const BEGIN = createScript(`
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then
  return math.max(1, redis.call('PTTL', KEYS[1]))
end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0`);

/** The time of a pair begins with a failure, not with a password that was right. */
const FORGIVE = createScript(`
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1]) <= 0 then
  redis.call('DEL', KEYS[1])
end`);

/** Counts wrong passwords for all gateways; names are kept as digests only. */
export function createValkeyFailureThrottle(
  valkey: Valkey,
  limits: () => FailureLimits,
): FailureThrottle {
  return {
    async begin(address, username) {
      const pair = createHash('sha256').update(JSON.stringify([address, username]));
      const key = valkey.key(`failures:${pair.digest('base64url')}`);
      const { perMs, limit } = limits();
      const waitMs = Number(await valkey.run(BEGIN, [key], [limit, perMs]));
      if (waitMs > 0) {
        return deny('too_many_failures', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
      }
      // One that cannot be taken back is over with the time of its pair.
      const forgive = (): void => void valkey.run(FORGIVE, [key], []).catch(() => undefined);
      return allow({ forgive });
    },
  };
}
