import type { GroupId } from './group.ts';

/** A group that lies on another Pushgateway than the one that its job belongs to. */
export interface MisplacedGroup {
  readonly id: GroupId;
  /** Its owner. */
  readonly team: string | undefined;
  readonly job: string;
  readonly groupingKey: Readonly<Record<string, string>>;
  /** Names of the Pushgateways. */
  readonly from: string;
  readonly to: string;
  readonly series: number;
}

/**
 * What became of it:
 * - `found`: nothing, it was a dry run;
 * - `moved`;
 * - `kept`: it is where it was, as it was in use, or changed meanwhile, or cannot be carried over;
 * - `refused`: it is where it was, as the other one does not take it;
 * - `copied`: it is on the other one, where pushes go now, and the old copy could not be deleted.
 */
export type MoveEnd = 'found' | 'moved' | 'kept' | 'refused' | 'copied';

export interface MovedGroup extends MisplacedGroup {
  readonly end: MoveEnd;
  /** Why it was not moved. */
  readonly detail?: string;
}

/** What a run came to. */
export interface RebalanceRun extends Readonly<Record<Exclude<MoveEnd, 'found'>, number>> {
  /** Groups that were not where they belong. */
  readonly due: number;
  readonly endedEarly: string | undefined;
}
