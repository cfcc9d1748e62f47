import type { GroupingLabel } from '../target/grouping-key.ts';

/** A group that breaks the scrape, and what was done about it. */
export interface QuarantinedGroup {
  readonly target: string;
  readonly problem: string;
  /** Its owner. */
  readonly team: string | undefined;
  readonly job: string;
  /** Without the job; bytes that are no text are lost in them. */
  readonly labels: readonly GroupingLabel[];
  readonly series: number;
  /** Milliseconds since the epoch. */
  readonly lastPushAt: number | undefined;
  /** `kept`: a push to it is under way, or Pushgateway did not delete it. */
  readonly end: 'found' | 'deleted' | 'kept';
}

/** What a run came to. */
export interface QuarantineRun {
  readonly found: number;
  readonly deleted: number;
  readonly kept: number;
  /** Whether the scrape was whole at the end, and no group of those found was left. */
  readonly isWhole: boolean;
  readonly endedEarly: string | undefined;
}
