import type { KeptSession, SessionStore } from '../../pipeline/shared-state.ts';

/** More than people; the oldest go first. */
const MAX_SESSIONS = 10_000;
/** So that one team does not push out the sessions of others. */
const MAX_OF_TEAM = 200;

/** Keeps sessions in memory: they end with the process. */
export function createMemorySessionStore(): SessionStore {
  const kept = new Map<string, KeptSession>();
  return {
    get: async (name) => kept.get(name),
    async put(name, session) {
      kept.set(name, session);
      dropOldest(kept, session.principal.team);
    },
    async note(name, notice) {
      const session = kept.get(name);
      if (session !== undefined) kept.set(name, { ...session, notice });
    },
    async delete(name) {
      kept.delete(name);
    },
  };
}

/** Ends the oldest session of a team, or of all, that has too many. */
function dropOldest(kept: Map<string, KeptSession>, team: string): void {
  const own = [...kept].filter(([, { principal }]) => principal.team === team);
  const [oldest] = own.length > MAX_OF_TEAM ? own : kept;
  const isFull = own.length > MAX_OF_TEAM || kept.size > MAX_SESSIONS;
  if (isFull && oldest !== undefined) kept.delete(oldest[0]);
}
