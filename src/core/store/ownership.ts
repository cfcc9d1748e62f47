import type { Matcher } from '../matcher.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import type { GroupQuota } from './quota.ts';

/** A team that owns groups, and how much it may have. */
export interface GroupOwner {
  readonly name: string;
  readonly quota: GroupQuota;
}

/** Who owns which group, by the configuration in use. */
export interface Ownership {
  /**
   * The first team in the order of the configuration that may push or delete and whose jobs and
   * label values match the key; undefined if none does.
   */
  ownerOf(key: GroupingKey): GroupOwner | undefined;
  /** The same as data, in the order in which they are asked; left out where nobody needs that. */
  readonly terms?: () => readonly OwnershipTerm[];
}

/** What one team owns. */
export interface OwnershipTerm extends GroupOwner {
  /** Globs on the job. */
  readonly jobs: readonly string[];
  /** Label names with globs: where the key has the label, its value must match one. */
  readonly labels: readonly (readonly [string, readonly string[]])[];
}

/** Whether a job and the labels of a key are somebody's: a label that is not spoken of may be any. */
export function coversKey(
  jobs: Matcher,
  matcherOf: (label: string) => Matcher | undefined,
  { job, labels }: GroupingKey,
): boolean {
  return (
    jobs.matches(job) && labels.every(({ name, value }) => matcherOf(name)?.matches(value) ?? true)
  );
}

/** Nobody owns anything: what a store knows before it is told. */
export const NO_OWNERS: Ownership = { ownerOf: () => undefined };
