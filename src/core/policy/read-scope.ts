import type { TeamPolicy } from './policy.ts';

/** Labels of a group or series. */
type Labels = ReadonlyMap<string, string>;

/**
 * What of the store a team may see. Nothing that was stored is shown to anybody without such a
 * value: what is asked of it is all that leaves the gateway.
 */
export interface ReadScope {
  /** Whether the upstream's answer may go out as it is. */
  readonly seesEverything: boolean;
  /** Names of the labels that `sees` asks for: others make no difference. */
  readonly deciding: readonly string[];
  /** Whether a group or series with these labels may be seen. One without a job is nobody's. */
  sees(labels: Labels): boolean;
}

/**
 * Compiles what a team may see: what its jobs cover, but not where a label is present with a value
 * that the team may not use. It is what the team could have pushed.
 */
export function resolveReadScope(team: TeamPolicy): ReadScope {
  const conditions = [...team.labels];
  return Object.freeze({
    seesEverything: team.coversEverything,
    deciding: ['job', ...team.labels.keys()],
    sees(labels: Labels) {
      if (team.coversEverything) return true;
      const job = labels.get('job');
      if (job === undefined || !team.jobs.matcher.matches(job)) return false;
      return conditions.every(([name, { matcher }]) => {
        const value = labels.get(name);
        return value === undefined || matcher.matches(value);
      });
    },
  });
}
