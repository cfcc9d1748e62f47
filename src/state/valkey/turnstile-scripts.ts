import { createScript, NOW } from './valkey.ts';

/** What came of a turn. */
export const ENTERED = 0;
export const FULL = 1;
export const EARLY = 2;

/**
 * A place is a field `GATEWAY/NUMBER` with its source. Those of gateways that have ended are taken
 * away by who comes upon them: whenever some ended since the places of the team were last looked
 * through. After what all turns have in common and the places that are given back, a turn is a
 * place, its source, and whether it passes the rate over.
 */
export const ENTER = createScript(`
local places, gateways, ends, seen, steady, more = unpack(KEYS)
local gateway, lease, team, concurrent = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local count, per, burst, window = tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7]), ARGV[8]
local first = 10 + ARGV[9]
${NOW}
for at = 10, first - 1 do redis.call('HDEL', places, ARGV[at]) end
redis.call('ZADD', gateways, 'GT', now + lease, gateway)
if redis.call('ZREMRANGEBYSCORE', gateways, '-inf', now) > 0 then redis.call('INCR', ends) end
local ended = redis.call('GET', ends) or '0'
if ended ~= (redis.call('HGET', seen, team) or '0') then
  for _, place in ipairs(redis.call('HKEYS', places)) do
    local holder = string.match(place, '^[^/]+')
    if not redis.call('ZSCORE', gateways, holder) then redis.call('HDEL', places, place) end
  end
  redis.call('HSET', seen, team, ended)
end
local taken = redis.call('HLEN', places)
local own
local function owned(source)
  if source == '' then return 0 end
  if own == nil then
    own = {}
    for _, holder in ipairs(redis.call('HVALS', places)) do own[holder] = (own[holder] or 0) + 1 end
  end
  return own[source] or 0
end
local function spend(key, points, ms)
  local spent = redis.call('INCR', key)
  if spent == 1 then redis.call('PEXPIRE', key, ms) end
  return spent <= points
end
local ends_of_turns = {}
for at = first, #ARGV, 3 do
  local place, source, ignores = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local kind, wait = ${ENTERED}, 0
  if owned(source) >= concurrent - taken then
    kind = ${FULL}
  elseif ignores == '0' and not spend(steady, count, per) and not spend(more, burst, window) then
    kind, wait = ${EARLY}, math.max(1, redis.call('PTTL', steady))
  else
    redis.call('HSET', places, place, source)
    taken = taken + 1
    if own ~= nil then own[source] = (own[source] or 0) + 1 end
  end
  table.insert(ends_of_turns, kind)
  table.insert(ends_of_turns, wait)
end
return ends_of_turns`);

/** Gives places back. */
export const LEAVE = createScript(`return redis.call('HDEL', KEYS[1], unpack(ARGV))`);

/** Says that a gateway is there. */
export const RENEW = createScript(`
${NOW}
if redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) > 0 then redis.call('INCR', KEYS[2]) end
return redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`);
