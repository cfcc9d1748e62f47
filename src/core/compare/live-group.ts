import type { ReadGroup } from '../store/group-store.ts';

/** A group of the live store, as far as whoever was asked tells of it. */
export interface LiveGroup extends ReadGroup {
  /** What would push it again, in the text format; undefined where only its families are known. */
  readonly body?: string;
  /** Names, labels and values of its series. */
  readonly bytes: number;
}
