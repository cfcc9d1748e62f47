import type { Deny } from '../decision.ts';
import type { GroupPush, GroupTotals } from './group-store.ts';
import type { HeldGroup } from './held-group.ts';
import { expectedTotals, findOldest } from './owned-groups.ts';
import { checkQuota } from './quota.ts';

/**
 * Holds a push against the quota of who owns its group.
 * @param expected - what the group grows by with this push and with what is on its way to it
 */
export function checkGrowth(
  { owned, reserved }: HeldGroup,
  push: GroupPush,
  expected: GroupTotals,
): Deny | undefined {
  if (owned === undefined) return undefined;
  const growth = {
    groups: expected.groups - reserved.groups,
    series: expected.series - reserved.series,
    bytes: expected.bytes - reserved.bytes,
  };
  if (growth.groups <= 0 && growth.series <= 0 && growth.bytes <= 0) return undefined;
  const oldest = owned.team === push.team ? () => findOldest(owned, push.at) : undefined;
  return checkQuota(expectedTotals(owned), growth, owned.quota, oldest, push.passes);
}
