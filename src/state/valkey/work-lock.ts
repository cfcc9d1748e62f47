import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkLock } from '../../pipeline/shared-state.ts';
import { createScript, type Valkey } from './valkey.ts';

/** Who is at a work and says nothing for so long is taken for over. */
const LEASE_MS = 10_000;
const ASK_MS = 200;

const TAKE = createScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`);

const RENEW = createScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

const GIVE_BACK = createScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`);

/**
 * One gateway at a time is at the work.
 * @param leaseMs - after which a gateway that says nothing has lost it
 */
export function createValkeyWorkLock(valkey: Valkey, name: string, leaseMs = LEASE_MS): WorkLock {
  const key = valkey.key(`lock:${name}`);
  return {
    async hold(work) {
      const token = randomUUID();
      while (Number(await valkey.run(TAKE, [key], [token, leaseMs])) !== 1) {
        await delay(Math.min(ASK_MS, leaseMs / 4));
      }
      const lost = new AbortController();
      const stop = renewUntil(
        lost,
        async () => {
          return Number(await valkey.run(RENEW, [key], [token, leaseMs])) === 1;
        },
        leaseMs,
      );
      try {
        return await work(lost.signal);
      } finally {
        stop();
        await valkey.run(GIVE_BACK, [key], [token]).catch(() => undefined);
      }
    },
  };
}

/** Renews a lease; aborts when it may be over, before it is. */
function renewUntil(
  lost: AbortController,
  renew: () => Promise<boolean>,
  leaseMs: number,
): () => void {
  let renewedAt = performance.now();
  const timer = setInterval(async () => {
    const askedAt = performance.now();
    try {
      if (await renew()) renewedAt = askedAt;
      else lost.abort();
    } catch {
      if (performance.now() - renewedAt > leaseMs / 2) lost.abort();
    }
  }, leaseMs / 5);
  timer.unref();
  return () => clearInterval(timer);
}
