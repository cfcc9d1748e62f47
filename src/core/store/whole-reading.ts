import type { GroupId } from './group.ts';

/** What a reading of the whole store found. Times in milliseconds since the epoch. */
export interface WholeReading {
  /** When the upstream had started. */
  readonly startedAt: number;
  /** Whether it is the first of this start. */
  readonly isFirst: boolean;
  /** When a group was last pushed; undefined if it is not there, or never was. */
  pushedAt(group: GroupId): number | undefined;
}
