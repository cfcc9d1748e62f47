import type { NotedRefusal, TeamActivity } from '../pipeline/ports/team-activity.ts';
import type { Clock } from '../pipeline/ports.ts';

interface ActivityOptions {
  readonly clock: Clock;
  /** Told of every use of a credential. */
  readonly onUse: (team: string, credential: string, at: number) => void;
}

/** Refusals that are kept of a team; older ones are in the audit log. */
const KEPT_REFUSALS = 50;
/** Longer texts are cut: a caller must not fill the memory. */
const MAX_TEXT = 400;
const MAX_HINTS = 3;

/**
 * Creates the memory of what a team did since the start: its last refusals, those that differ in
 * nothing but their time as one, and when each credential was last used. Bounded by the teams and
 * credentials of the configurations that were in use.
 */
export function createTeamActivity({ clock, onUse }: ActivityOptions): TeamActivity {
  const refusals = new Map<string, Map<string, NotedRefusal>>();
  /** By team, then by credential. */
  const uses = new Map<string, Map<string, number>>();
  return {
    noteUse(team, credential) {
      const at = clock.now();
      let own = uses.get(team);
      if (own === undefined) {
        own = new Map();
        uses.set(team, own);
      }
      own.set(credential, at);
      onUse(team, credential, at);
    },
    noteRefusal(given) {
      const refusal = cut(given);
      const own = refusals.get(refusal.team) ?? new Map<string, NotedRefusal>();
      refusals.set(refusal.team, own);
      const { credential, method, target, reason, detail } = refusal;
      const key = keyOf(credential, method, target, reason, detail);
      const count = (own.get(key)?.count ?? 0) + 1;
      // the newest is the last in the order of a map
      own.delete(key);
      own.set(key, { ...refusal, at: clock.now(), count });
      const [oldest] = own.keys();
      if (own.size > KEPT_REFUSALS && oldest !== undefined) own.delete(oldest);
    },
    refusals(team) {
      const found =
        team === undefined
          ? [...refusals.values()].flatMap((own) => [...own.values()])
          : [...(refusals.get(team)?.values() ?? [])];
      return found.sort((a, b) => b.at - a.at).slice(0, KEPT_REFUSALS);
    },
    lastUse: (team, credential) => uses.get(team)?.get(credential),
  };
}

function keyOf(...parts: readonly string[]): string {
  return parts.join('\n');
}

function cut(refusal: Omit<NotedRefusal, 'at' | 'count'>): Omit<NotedRefusal, 'at' | 'count'> {
  return {
    ...refusal,
    method: refusal.method.slice(0, 16),
    target: refusal.target.slice(0, MAX_TEXT),
    detail: refusal.detail.slice(0, MAX_TEXT),
    hints: refusal.hints.slice(0, MAX_HINTS).map((hint) => hint.slice(0, MAX_TEXT)),
  };
}
