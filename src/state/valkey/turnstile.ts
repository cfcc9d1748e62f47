import { randomUUID } from 'node:crypto';
import type { Entry, TeamTurnstile, Turn, Turnstile } from '../../pipeline/shared-state.ts';
import { createPlaces } from '../places.ts';
import { createScript, type Valkey } from './valkey.ts';

/** A gateway that says nothing for so long has ended: its places come free. */
const LEASE_MS = 6000;
const RENEW_MS = 1500;
/** How often a push asks again when other gateways have all places. */
const RETRY_MS = 50;
const BURST_WINDOW_MS = 60_000;

/**
 * A place is a field `GATEWAY/NUMBER` with its source. Those of gateways that have ended are taken
 * away by who comes upon them.
 */
const ENTER = createScript(`
local places, gateways, steady, more = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local gateway, place, source, concurrent = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local count, per, burst, window = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), ARGV[8]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', gateways, 'GT', now + ARGV[10], gateway)
local taken, own = 0, 0
local alive = {}
local held = redis.call('HGETALL', places)
for at = 1, #held, 2 do
  local holder = string.match(held[at], '^[^/]+')
  if alive[holder] == nil then
    alive[holder] = tonumber(redis.call('ZSCORE', gateways, holder) or '0') > now
  end
  if alive[holder] then
    taken = taken + 1
    if source ~= '' and held[at + 1] == source then own = own + 1 end
  else
    redis.call('HDEL', places, held[at])
  end
end
if own >= concurrent - taken then return {1, 0} end
local function spend(key, points, ms)
  local spent = redis.call('INCR', key)
  if spent == 1 then redis.call('PEXPIRE', key, ms) end
  return spent <= points
end
if ARGV[9] == '0' and not spend(steady, count, per) and not spend(more, burst, window) then
  return {2, math.max(1, redis.call('PTTL', steady))}
end
redis.call('HSET', places, place, source)
return {0, 0}`);

const LEAVE = createScript(`return redis.call('HDEL', KEYS[1], unpack(ARGV))`);

const RENEW = createScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`);

/** Counts for all gateways, exactly: rate and place are one script. */
export interface ValkeyTurnstile extends Turnstile, AsyncDisposable {}

/** @param leaseMs - how long the places of a gateway that says nothing last */
export function createValkeyTurnstile(valkey: Valkey, leaseMs = LEASE_MS): ValkeyTurnstile {
  const gateway = randomUUID();
  const gateways = valkey.key('turnstile');
  const teams = new Map<string, TeamTurnstile & { giveBack(): Promise<void> }>();
  const renew = async (): Promise<void> => {
    await valkey.run(RENEW, [gateways], [gateway, leaseMs]).catch(() => undefined);
    for (const team of teams.values()) await team.giveBack();
  };
  const timer = setInterval(() => void renew(), Math.min(RENEW_MS, leaseMs / 4));
  timer.unref();
  return {
    team(name) {
      const known = teams.get(name) ?? createTeam(valkey, { name, gateway, gateways, leaseMs });
      teams.set(name, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const team of teams.values()) await team.giveBack();
    },
  };
}

interface TeamOptions {
  readonly name: string;
  readonly gateway: string;
  readonly gateways: string;
  readonly leaseMs: number;
}

function createTeam(valkey: Valkey, { name, gateway, gateways, leaseMs }: TeamOptions) {
  const places = createPlaces();
  const placesKey = valkey.key(`places:${name}`);
  /** Places to be given back: of pushes that ended, and those of which nobody knows. */
  let returned: string[] = [];
  let last = 0;
  const giveBack = async (): Promise<void> => {
    if (returned.length === 0) return;
    const giving = returned;
    returned = [];
    await valkey.run(LEAVE, [placesKey], giving).catch(() => returned.push(...giving));
  };
  const enter = async ({ source, limits, ignoresRate }: Turn): Promise<Entry> => {
    if (places.isFull(source, limits.concurrent)) return { kind: 'full', retryMs: RETRY_MS };
    const { rate, burst, concurrent } = limits;
    last += 1;
    const place = `${gateway}/${last}`;
    const rateKey = valkey.key(`rate:${rate.count}:${rate.perMs}:${burst}:${name}`);
    const keys = [placesKey, gateways, rateKey, `${rateKey}:burst`];
    const window = Math.max(rate.perMs, BURST_WINDOW_MS);
    const counts = [concurrent, rate.count, rate.perMs, burst, window];
    places.take(source);
    const asked = [gateway, place, source, ...counts, ignoresRate ? 1 : 0, leaseMs];
    try {
      const [end, waitMs = 0] = (await valkey.run(ENTER, keys, asked)) as number[]; // as the script returns
      if (end === 0) {
        const leave = (): void => {
          places.giveBack(source);
          returned.push(place);
          void giveBack();
        };
        return { kind: 'entered', leave };
      }
      places.giveBack(source);
      return end === 1 ? { kind: 'full', retryMs: RETRY_MS } : { kind: 'early', waitMs };
    } catch (error) {
      places.giveBack(source);
      returned.push(place); // it may have been taken
      throw error;
    }
  };
  return {
    get sources() {
      return places.sources;
    },
    has: places.has,
    isFull: places.isFull,
    enter,
    giveBack,
  };
}
