import type { GroupPush, GroupTotals } from './group-store.ts';
import { FEW } from './held-claim.ts';
import { type HeldGroup, NOTHING } from './held-group.ts';

/**
 * Whether all that is on its way to a group are pushes of one method that bring the few families that
 * it has, and nothing else: in whatever order they end, only times and bytes change.
 */
export function isRepeated(group: HeldGroup, method: GroupPush['method']): boolean {
  const { families } = group;
  if (!group.exists || families.length === 0 || families.length > FEW) return false;
  for (const claim of group.claims) {
    if (claim.families !== families || claim.method !== method || claim.isMove) return false;
  }
  return true;
}

/** What such pushes add at most. */
export function growthOfRepeats(group: HeldGroup): GroupTotals {
  let most = 0;
  for (const { totalBytes } of group.claims) if (totalBytes > most) most = totalBytes;
  const bytes = most - bytesOf(group);
  return bytes > 0 ? { groups: 0, series: 0, bytes } : NOTHING;
}

/** Those of what a group has. */
export function bytesOf({ families, held }: HeldGroup): number {
  let bytes = 0;
  for (const family of families) bytes += held.bytesOf(family);
  return bytes;
}
