import type { SpoolEntry } from './spool-entry.ts';

/** A group as a whole reading of the store found it. Times in milliseconds since the epoch. */
export interface FoundGroup {
  /** When it was last pushed; undefined: it is not there, or was never pushed to. */
  readonly pushedAt: number | undefined;
  /** When the upstream that was read had started. */
  readonly startedAt: number;
  /** Whether this is the first reading of that start. */
  readonly isFirst: boolean;
}

/**
 * What a reading means for what the upstream had acknowledged of a group:
 * - `keep`: it is there;
 * - `restore`: the upstream has started anew without it, with less of it, or with what was deleted;
 * - `forget`: somebody else has pushed to the group or deleted it, and nothing is to undo that.
 */
export type ReadingVerdict = 'keep' | 'restore' | 'forget';

/** The stamp has less than a millisecond, and is rounded. */
const ROUNDING_MS = 1;

/**
 * Judges what is stored of a group, at least one push, by what a reading found. The clock of the
 * upstream and that of the gateway must agree.
 */
export function judgeReading(
  stored: readonly SpoolEntry[],
  { pushedAt, startedAt, isFirst }: FoundGroup,
): ReadingVerdict {
  const sentAt = Math.max(...stored.map((entry) => entry.sentAt ?? 0));
  const storedAt = Math.max(...stored.map((entry) => entry.storedAt ?? 0));
  if (pushedAt !== undefined && pushedAt > storedAt + ROUNDING_MS) return 'forget';
  const isFromBefore = stored.some((entry) => (entry.storedAt ?? 0) < startedAt);
  if (stored.at(-1)?.method === 'DELETE') {
    return pushedAt !== undefined && isFirst && isFromBefore ? 'restore' : 'keep';
  }
  if (!isFirst || !isFromBefore) return pushedAt === undefined ? 'forget' : 'keep';
  if (pushedAt === undefined || pushedAt < sentAt - ROUNDING_MS) return 'restore';
  // The last push went to the new start already: it tells nothing of those before it.
  return sentAt >= startedAt && stored.length > 1 ? 'restore' : 'keep';
}

/**
 * Whether somebody else has pushed to the group since something began to wait for it: the older push
 * is not to go over the newer one.
 * @param pushedAt - as a reading found it, before anything of what waits may have been sent
 */
export function isOvertaken(
  waiting: readonly SpoolEntry[],
  stored: readonly SpoolEntry[],
  pushedAt: number | undefined,
): boolean {
  const [first] = waiting;
  if (first === undefined || pushedAt === undefined) return false;
  if (waiting.some((entry) => entry.sentAt !== undefined || entry.storedAt !== undefined)) {
    return false;
  }
  const own = Math.max(first.at, ...stored.map((entry) => entry.storedAt ?? 0));
  return pushedAt > own + ROUNDING_MS;
}
