import type { KeptSession, SessionStore } from '../../pipeline/shared-state.ts';
import { MAX_OF_TEAM, MAX_SESSIONS } from '../session-bounds.ts';

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
