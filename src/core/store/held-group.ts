import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import { detach } from '../memo.ts';
import { type GroupingKey, isSameKey, readPushTarget } from '../target/grouping-key.ts';
import { type FamilyIndex, hold, release } from './family-index.ts';
import type { GroupId } from './group.ts';
import type { GroupPush, GroupTotals } from './group-store.ts';
import type { HeldClaim } from './held-claim.ts';
import type { HeldFamily, HeldSeries, HeldTable } from './held-table.ts';
import { timeStampSeries } from './own-series.ts';
import type { OwnedGroups } from './owned-groups.ts';
import type { SeriesTable } from './series-table.ts';

/** A group of the model, with what is on its way to it. */
export interface HeldGroup {
  readonly id: GroupId;
  /** Its key, if that cannot be read out of its id: such a group was not pushed by the gateway. */
  readonly oddKey: GroupingKey | undefined;
  owned: OwnedGroups | undefined;
  /** Whether the store has it, or may have it; not while its first push is under way. */
  exists: boolean;
  pushedAt: number | undefined;
  /** Whether that is Pushgateway's own time, of the last push that it had when it was read. */
  isTimeRead: boolean;
  failedAt: number | undefined;
  credential: string | undefined;
  /**
   * What the store has of it. Of pushes that were under way at the same time, what each may have
   * left: then there can be several of one name.
   */
  families: readonly HeldFamily[];
  claims: HeldClaim[];
  /** Where its families and time stamps are held. */
  readonly held: HeldTable;
  /** The two time stamps that Pushgateway adds. */
  stamps: HeldSeries;
  /** When the last push that left it there was settled, in steps of the store. */
  leftAt: number;
  /**
   * What the quota of the owner counts for its claims; less than nothing where more is noted of it
   * than it can have.
   */
  reserved: GroupTotals;
}

/** Where families are held: the types, and the series. */
export interface Holdings {
  readonly index: FamilyIndex;
  readonly series: SeriesTable;
  readonly held: HeldTable;
}

export const NOTHING: GroupTotals = { groups: 0, series: 0, bytes: 0 };
/** What every group without claims shares; never added to. */
export const NO_CLAIMS: HeldClaim[] = [];
/** Later than every step. */
export const NOT_SETTLED = Number.POSITIVE_INFINITY;
const NO_STAMPS = -1;
const NO_SIZES = { series: 0, bytes: 0 };

/** Enters a family that is used once. Its series are entered by who checks them. */
export function holdFamily(
  { index, held }: Holdings,
  group: HeldGroup | undefined,
  { name, type }: PushedFamily,
  sizes: Pick<FamilyContent, 'series' | 'bytes'>,
): HeldFamily {
  return held.add(group, hold(index, name, type), sizes);
}

/** The same of series that are of no family whose type could clash. */
export function holdSeries(
  { held }: Pick<Holdings, 'held'>,
  group: HeldGroup | undefined,
): HeldSeries {
  return held.add(group, undefined, NO_SIZES);
}

/** Enters series without a check. */
export function addSeries(
  { series, held }: Pick<Holdings, 'series' | 'held'>,
  number: HeldSeries,
  identities: readonly number[],
): void {
  let chain = held.chainOf(number);
  for (let at = 0; at < identities.length; at += 2) {
    chain = series.add(identities[at] ?? 0, identities[at + 1] ?? 0, number, chain);
  }
  held.setChain(number, chain);
}

/** Gives back one use of a family; with the last one it is gone. */
export function releaseFamily(holdings: Holdings, family: HeldFamily): void {
  const { index, held } = holdings;
  if (held.use(family, -1) > 0) return;
  const occupant = held.occupantOf(family);
  if (occupant !== undefined) release(index, occupant);
  releaseSeries(holdings, family);
}

/** Gives back series that nothing else uses. */
export function releaseSeries(
  { series, held }: Pick<Holdings, 'series' | 'held'>,
  number: HeldSeries,
): void {
  series.removeChain(held.chainOf(number));
  held.remove(number);
}

/** Whether a held family is exactly what a push brings. */
export function isSameContent(
  { series, held }: Pick<Holdings, 'series' | 'held'>,
  family: HeldFamily,
  pushed: FamilyContent,
): boolean {
  const occupant = held.occupantOf(family);
  return (
    occupant?.name === pushed.name &&
    occupant.type === pushed.type &&
    held.seriesOf(family) === pushed.series &&
    series.chainEquals(held.chainOf(family), pushed.identities)
  );
}

/** A group that the store does not have yet; its time stamps are not entered. */
export function createGroup(holdings: Holdings, id: GroupId, key: GroupingKey): HeldGroup {
  const { held } = holdings;
  const group: HeldGroup = {
    id: detach(id),
    oddKey: isSameKey(readPushTarget(id), key) ? undefined : key,
    owned: undefined,
    exists: false,
    pushedAt: undefined,
    isTimeRead: false,
    failedAt: undefined,
    credential: undefined,
    families: [],
    claims: NO_CLAIMS,
    held,
    stamps: NO_STAMPS,
    leftAt: 0,
    reserved: NOTHING,
  };
  group.stamps = holdSeries(holdings, group);
  return group;
}

/** The key of a group, made anew: with 100 000 groups their ids alone are enough to keep. */
export function keyOf({ id, oddKey }: Pick<HeldGroup, 'id' | 'oddKey'>): GroupingKey {
  return oddKey ?? readPushTarget(id);
}

/** Sums over the families that the store has of a group; of one that it has not, nothing. */
export function totalsOf({
  exists,
  families,
  held,
}: Pick<HeldGroup, 'exists' | 'families' | 'held'>): GroupTotals {
  if (!exists) return NOTHING;
  let series = 0;
  let bytes = 0;
  for (const family of families) {
    series += held.seriesOf(family);
    bytes += held.bytesOf(family);
  }
  return { groups: 1, series, bytes };
}

/** The time stamps that Pushgateway would add to a group. */
export function stampsOf(group: HeldGroup): readonly number[] {
  return timeStampSeries(keyOf(group));
}

/** Notes in a group when it was pushed to, and by whom. */
export function notePush(group: HeldGroup, { at, credential }: GroupPush): void {
  group.pushedAt = at;
  if (group.credential !== credential) group.credential = credential; // mostly the same
  group.isTimeRead = false;
}
