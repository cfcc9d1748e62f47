import type { GroupId } from './group.ts';

/** A group that was deleted for its age, or would be. */
export interface ExpiredGroup {
  readonly id: GroupId;
  readonly team: string;
  readonly job: string;
  readonly groupingKey: Readonly<Record<string, string>>;
  /** Since the last push, successful or failed. */
  readonly ageSeconds: number;
  readonly series: number;
}

/** What a run of the janitor came to. */
export interface ExpiryRun {
  readonly due: number;
  readonly deleted: number;
  /** Pushed to meanwhile. */
  readonly kept: number;
  /** Pushgateway would not delete them. */
  readonly refused: number;
  readonly endedEarly: string | undefined;
}
