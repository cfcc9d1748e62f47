import { compileGlobs, type Matcher } from '../matcher.ts';
import type { StoredGroup } from './group.ts';

/** How long groups stay after their last push: the first entry whose jobs match counts. */
export interface ExpiryRule {
  /** Globs on the job; left out: every job. */
  readonly jobs?: readonly string[];
  readonly ttlMs: number;
}

/** When groups of a team are due, compiled. */
export interface Expiry {
  /**
   * When a group is due, milliseconds since the epoch; undefined if it never is: no entry is about
   * its job, or nothing was ever pushed to it.
   */
  dueAt(group: Pick<StoredGroup, 'key' | 'pushedAt' | 'failedAt'>): number | undefined;
  /**
   * Whether a group is due. One whose last push lies in the future is not: a clock is wrong then,
   * and nothing is deleted for that.
   */
  isDue(group: Pick<StoredGroup, 'key' | 'pushedAt' | 'failedAt'>, now: number): boolean;
}

/** When a group expires, by the rules of its owner; undefined if it never does. */
export type GroupExpiry = (
  group: Pick<StoredGroup, 'owner' | 'key' | 'pushedAt' | 'failedAt'>,
) => number | undefined;

/** Looks up the rules of a group's owner. */
export function expiryOf(
  team: (name: string) => { readonly expiry: Expiry } | undefined,
): GroupExpiry {
  return (group) =>
    group.owner === undefined ? undefined : team(group.owner)?.expiry.dueAt(group);
}

/** Compiles the rules of a team. */
export function compileExpiry(rules: readonly ExpiryRule[]): Expiry {
  const compiled = rules.map(({ jobs, ttlMs }): CompiledRule => {
    return { jobs: jobs && compileGlobs(jobs), ttlMs };
  });
  const dueAt: Expiry['dueAt'] = (group) => {
    const last = lastPushOf(group);
    const rule = compiled.find(({ jobs }) => jobs?.matches(group.key.job) ?? true);
    return last === undefined || rule === undefined ? undefined : last + rule.ttlMs;
  };
  return {
    dueAt,
    isDue(group, now) {
      const due = dueAt(group);
      return due !== undefined && due < now && (lastPushOf(group) ?? now) <= now;
    },
  };
}

interface CompiledRule {
  readonly jobs: Matcher | undefined;
  readonly ttlMs: number;
}

/** Successful or failed. */
function lastPushOf({
  pushedAt,
  failedAt,
}: Pick<StoredGroup, 'pushedAt' | 'failedAt'>): number | undefined {
  if (pushedAt === undefined || failedAt === undefined) return pushedAt ?? failedAt;
  return Math.max(pushedAt, failedAt);
}
