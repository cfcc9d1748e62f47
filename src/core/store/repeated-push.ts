import type { GroupPush, GroupTotals } from './group-store.ts';
import { FEW, type HeldClaim } from './held-claim.ts';
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

/**
 * What such pushes add at most once one of them has ended.
 * @param before - what they added until then, to what is noted now
 */
export function growthOfRepeats(group: HeldGroup, before: number): GroupTotals {
  let most = 0;
  const noted = group.claims.length === 0 ? 0 : bytesOf(group);
  for (const claim of group.claims) most = Math.max(most, bytesAfter(group, claim) - noted);
  const bytes = Math.min(before, most);
  return bytes === 0 ? NOTHING : { groups: 0, series: 0, bytes };
}

/** What there is at most once a claim has come: what was settled since it began may be later. */
function bytesAfter({ held }: HeldGroup, { families, bytes, begunAt }: HeldClaim): number {
  let sum = 0;
  for (let at = 0; at < families.length; at += 1) {
    const family = families[at];
    const pushed = bytes[at];
    if (family === undefined || pushed === undefined) continue;
    const isLast = held.settledAt(family) < begunAt;
    sum += isLast ? pushed : Math.max(pushed, held.bytesOf(family));
  }
  return sum;
}

/** Those of what a group has. */
export function bytesOf({ families, held }: HeldGroup): number {
  let bytes = 0;
  for (const family of families) bytes += held.bytesOf(family);
  return bytes;
}
