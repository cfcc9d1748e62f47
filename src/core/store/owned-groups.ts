import type { GroupTotals } from './group-store.ts';
import type { HeldGroup } from './held-group.ts';
import type { AgedGroup, GroupQuota } from './quota.ts';

/** What one team owns. */
export interface OwnedGroups {
  readonly team: string;
  quota: GroupQuota;
  readonly groups: Set<HeldGroup>;
  series: number;
  bytes: number;
  /** What claims would add. */
  readonly reserved: { groups: number; series: number; bytes: number };
  /** The answer of `findOldest`, and when it was found. */
  oldest: { readonly at: number; readonly groups: readonly AgedGroup[] } | undefined;
}

export function createOwnedGroups(team: string, quota: GroupQuota): OwnedGroups {
  const reserved = { groups: 0, series: 0, bytes: 0 };
  return { team, quota, groups: new Set(), series: 0, bytes: 0, reserved, oldest: undefined };
}

/** Sums of what a team owns; with what is on its way. */
export function expectedTotals({ groups, series, bytes, reserved }: OwnedGroups): GroupTotals {
  return {
    groups: groups.size + reserved.groups,
    series: series + reserved.series,
    bytes: bytes + reserved.bytes,
  };
}

const MOST_NAMED = 3;
const OLDEST_FOR_MS = 10_000;

/**
 * The groups that were pushed longest ago. It goes through all of a team, so that the answer is kept
 * for a while: a team that pushes on at its quota costs no more than one that does not.
 */
export function findOldest(owned: OwnedGroups, now: number): readonly AgedGroup[] {
  if (owned.oldest !== undefined && Math.abs(now - owned.oldest.at) < OLDEST_FOR_MS) {
    return owned.oldest.groups;
  }
  const oldest: AgedGroup[] = [];
  for (const { id, pushedAt } of owned.groups) {
    const place = oldest.findIndex((other) => (other.pushedAt ?? 0) > (pushedAt ?? 0));
    if (place !== -1) oldest.splice(place, 0, { id, pushedAt });
    else if (oldest.length < MOST_NAMED) oldest.push({ id, pushedAt });
    oldest.length = Math.min(oldest.length, MOST_NAMED);
  }
  owned.oldest = { at: now, groups: oldest };
  return oldest;
}
