import type { KeptSession, SessionStore } from '../../pipeline/shared-state.ts';
import { MAX_OF_TEAM, MAX_SESSIONS } from '../session-bounds.ts';
import { createScript, type Valkey } from './valkey.ts';

const GET = createScript(`return redis.call('GET', KEYS[1])`);

/** What has ended by itself is taken out of the lists when they are full. */
const PUT = createScript(`
local session, all, own, order, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[3]
redis.call('SET', session, ARGV[1], 'PXAT', ARGV[2])
local place = redis.call('INCR', order)
for list, most in pairs({ [all] = tonumber(ARGV[5]), [own] = tonumber(ARGV[6]) }) do
  redis.call('ZADD', list, place, ARGV[4])
  while redis.call('ZCARD', list) > most do
    redis.call('DEL', prefix .. redis.call('ZPOPMIN', list)[1])
  end
end`);

const NOTE = createScript(`return redis.call('SET', KEYS[1], ARGV[1], 'XX', 'KEEPTTL')`);
const DELETE = createScript(`return redis.call('DEL', KEYS[1])`);

/** Keeps sessions for all gateways: who signed in at one is known to the others. */
export function createValkeySessionStore(valkey: Valkey): SessionStore {
  const prefix = valkey.key('session:');
  const get = async (name: string): Promise<KeptSession | undefined> => {
    const kept = await valkey.run(GET, [prefix + name], []);
    return kept instanceof Buffer ? parse(kept.toString()) : undefined;
  };
  return {
    get,
    async put(name, session) {
      const { team } = session.principal;
      const lists = ['sessions', `sessions:${team}`, 'session-order'].map(valkey.key);
      const what = [JSON.stringify(session), Math.ceil(session.ends), prefix, name];
      await valkey.run(PUT, [prefix + name, ...lists], [...what, MAX_SESSIONS, MAX_OF_TEAM]);
    },
    async note(name, notice) {
      const session = await get(name);
      if (session === undefined) return;
      await valkey.run(NOTE, [prefix + name], [JSON.stringify({ ...session, notice })]);
    },
    async delete(name) {
      await valkey.run(DELETE, [prefix + name], []);
    },
  };
}

/** What `put` wrote. */
function parse(text: string): KeptSession {
  const kept = JSON.parse(text) as KeptSession;
  return { ...kept, notice: kept.notice, sealed: kept.sealed };
}
