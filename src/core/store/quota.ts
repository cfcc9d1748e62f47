import { type Deny, deny } from '../decision.ts';
import type { Reason } from '../reason.ts';
import type { GroupId } from './group.ts';
import type { GroupTotals } from './group-store.ts';

/** How much a team may own; undefined is no limit. */
export interface GroupQuota {
  readonly groups?: number | undefined;
  readonly series?: number | undefined;
  readonly bytes?: number | undefined;
}

const QUOTAS = [
  ['groups', 'group_quota_exceeded', 'limits.groups'],
  ['series', 'series_quota_exceeded', 'limits.total_series'],
  ['bytes', 'bytes_quota_exceeded', 'limits.total_bytes'],
] as const satisfies readonly (readonly [keyof GroupTotals, Reason, string])[];

/** A group with the time of its last push, for an answer. */
export interface AgedGroup {
  readonly id: GroupId;
  readonly pushedAt: number | undefined;
}

/**
 * Holds what a push would add against what its team may own. What does not grow is never refused:
 * what exists can always be pushed again.
 * @param held - what the team owns, what is on its way there included
 * @param growth - of the push; may be negative
 * @param oldest - asked for only when it is refused; undefined where the quota is that of another
 * team, with which the pushing one shares the job: what that has is not for its eyes
 * @param passes - whether a refusal is passed over
 */
export function checkQuota(
  held: GroupTotals,
  growth: GroupTotals,
  quota: GroupQuota,
  oldest: (() => readonly AgedGroup[]) | undefined,
  passes: (refusal: Deny) => boolean = () => false,
): Deny | undefined {
  for (const [what, reason, key] of QUOTAS) {
    const limit = quota[what];
    if (limit === undefined || growth[what] <= 0 || held[what] + growth[what] <= limit) continue;
    const adds = `this push adds ${growth[what]}`;
    const refusal =
      oldest === undefined
        ? deny(reason, {
            detail: `the job is also that of a team whose ${what} are used up, ${adds}`,
            hints: [`the operator can tell the two teams apart, or raise its limit (${key})`],
          })
        : deny(reason, {
            detail: `the team has ${held[what]} ${what} of at most ${limit}, ${adds}`,
            hints: [
              `the limit is ${key}; not pushed to for longest are:`,
              ...oldest().map(describeOld),
            ],
          });
    if (!passes(refusal)) return refusal;
  }
  return undefined;
}

function describeOld({ id, pushedAt }: AgedGroup): string {
  const time = pushedAt === undefined ? 'never' : new Date(pushedAt).toISOString();
  return `last pushed ${time}: ${id}`;
}
