import type { Doubt, GroupPush } from './group-store.ts';
import {
  type HeldGroup,
  type Holdings,
  NO_CLAIMS,
  NOT_SETTLED,
  releaseFamily,
} from './held-group.ts';
import type { HeldFamily } from './held-table.ts';

/** A push on its way. */
export interface HeldClaim {
  readonly method: GroupPush['method'];
  /** Each once. Few that its group has, and nothing else: the very list that the group has. */
  readonly families: readonly HeldFamily[];
  /** Of each. */
  readonly bytes: readonly number[];
  readonly totalBytes: number;
  /** @see GroupPush.isMove */
  readonly isMove: boolean;
  /** When it began, in steps of the store. */
  readonly begunAt: number;
  /** Of what it leaves: a PUT or deletion has ended meanwhile, which came before it or after it. */
  doubt: Doubt | undefined;
}

/** Of so few families each is looked for in a list; of more, in a table. */
export const FEW = 16;

/** A claim of families of which it is known in which list they are. */
export function createClaim(
  { method, isMove = false }: Pick<GroupPush, 'method' | 'isMove'>,
  families: readonly HeldFamily[],
  bytes: readonly number[],
  begunAt: number,
): HeldClaim {
  let totalBytes = 0;
  for (const size of bytes) totalBytes += size;
  return { method, families, bytes, totalBytes, isMove, begunAt, doubt: undefined };
}

/** A claim of families with their bytes. */
export function claimFamilies(
  push: GroupPush,
  group: HeldGroup,
  brought: ReadonlyMap<HeldFamily, number>,
  begunAt: number,
): HeldClaim {
  const families = findList(group, brought) ?? [...brought.keys()];
  const bytes = families.map((family) => brought.get(family) ?? 0);
  return createClaim(push, families, bytes, begunAt);
}

/** The list of just these families that the group has, or a claim of it. */
function findList(
  { families, claims }: HeldGroup,
  brought: ReadonlyMap<HeldFamily, number>,
): readonly HeldFamily[] | undefined {
  if (brought.size > FEW) return undefined;
  const isIt = (list: readonly HeldFamily[]): boolean =>
    list.length === brought.size && list.every((family) => brought.has(family));
  return isIt(families) ? families : claims.find((claim) => isIt(claim.families))?.families;
}

/** Adds a claim to a group. */
export function addClaim(group: HeldGroup, claim: HeldClaim): void {
  if (group.claims.length === 0) group.claims = [claim];
  else group.claims.push(claim);
}

/** Takes a claim from a group; whether it was there. */
export function removeClaim(group: HeldGroup, claim: HeldClaim): boolean {
  const at = group.claims.indexOf(claim);
  if (at === -1) return false;
  if (group.claims.length === 1) group.claims = NO_CLAIMS;
  else group.claims.splice(at, 1);
  return true;
}

/**
 * Leaves a group the families that it has, as a push had them at that step.
 * @returns how many bytes more they have
 */
export function keepAll(
  holdings: Holdings,
  { families, bytes, begunAt }: HeldClaim,
  settledAt: number,
): number {
  let added = 0;
  for (let at = 0; at < families.length; at += 1) {
    const family = families[at];
    if (family === undefined) continue;
    added += keepFamily(holdings, family, bytes[at] ?? 0, begunAt, settledAt);
    releaseFamily(holdings, family);
  }
  return added;
}

/**
 * Notes of a family that it was left as a push had it, at that step; of the same that came before it
 * or after it, and of the same that may not come at all, the larger.
 * @returns how many bytes more it has
 */
export function keepFamily(
  { held }: Pick<Holdings, 'held'>,
  family: HeldFamily,
  bytes: number,
  begunAt: number,
  settledAt: number,
): number {
  const before = held.settledAt(family);
  const had = held.bytesOf(family);
  const isLast = before < begunAt && settledAt !== NOT_SETTLED;
  const has = isLast ? bytes : Math.max(had, bytes);
  held.setBytes(family, has);
  held.setSettledAt(family, Math.max(before, settledAt));
  return has - had;
}
