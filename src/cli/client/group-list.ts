import { compileGlobs } from '../../core/matcher.ts';
import type { ListedGroup } from '../../core/store/group-listing.ts';
import type { Connection } from './connection.ts';
import type { Verdict } from './judge-answer.ts';
import { parseGroups } from './parse-groups.ts';
import { sendPatiently } from './send-patiently.ts';

/** Which groups are meant; what is left out matches all. */
export interface GroupSelection {
  readonly job?: string;
  /** Milliseconds since the last push, successful or not. */
  readonly olderThan?: number;
  readonly failed?: boolean;
}

const RETRIES = 2;

/**
 * Reads the groups that the caller may see, those that are meant only, by job and key.
 * @param timeoutMs - for everything
 * @throws Error when the answer is no listing
 */
export async function listGroups(
  connection: Connection,
  selection: GroupSelection,
  timeoutMs: number,
): Promise<Exclude<Verdict, { kind: 'done' }> | { kind: 'listed'; groups: ListedGroup[] }> {
  const request = { method: 'GET', path: '/api/v1/groups' } as const;
  const patience = { retries: RETRIES, timeoutMs, onRepeat: () => undefined };
  const verdict = await sendPatiently(connection, request, patience);
  if (verdict.kind !== 'done') return verdict;
  const all = parseGroups(verdict.body);
  if (all === undefined) throw new Error(`${connection.url.host}: this is no listing of groups`);
  const groups = all.filter(createFilter(selection, Date.now()));
  return { kind: 'listed', groups: groups.sort(compareGroups) };
}

/** Milliseconds since the last push, successful or not; undefined if there was none. */
function ageOf({ pushed_at, failed_at }: ListedGroup, now: number): number | undefined {
  const times = [pushed_at, failed_at].filter((time) => time !== null).map(Date.parse);
  return times.length === 0 ? undefined : now - Math.max(...times);
}

/** Whether the last push failed. */
export function hasFailed({ pushed_at, failed_at }: ListedGroup): boolean {
  if (failed_at === null) return false;
  return pushed_at === null || Date.parse(failed_at) > Date.parse(pushed_at);
}

/** The labels of the key but the job, as text. */
export function renderLabels({ grouping_key: key }: ListedGroup): string {
  return Object.entries(key)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}

function createFilter(
  { job, olderThan, failed = false }: GroupSelection,
  now: number,
): (group: ListedGroup) => boolean {
  const jobs = compileGlobs([job ?? '*']);
  return (group) => {
    if (!jobs.matches(group.job) || (failed && !hasFailed(group))) return false;
    const age = ageOf(group, now);
    return olderThan === undefined || (age !== undefined && age > olderThan);
  };
}

function compareGroups(a: ListedGroup, b: ListedGroup): number {
  if (a.job !== b.job) return a.job < b.job ? -1 : 1;
  return renderLabels(a) < renderLabels(b) ? -1 : 1;
}
