import type { FamilyContent, PushedFamily } from '../exposition/push-content.ts';
import { type GroupingKey, isSameKey, readPushTarget } from '../target/grouping-key.ts';
import { type FamilyIndex, hold, type Occupant, release } from './family-index.ts';
import type { GroupId } from './group.ts';
import type { Doubt, GroupTotals } from './group-store.ts';
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
  failedAt: number | undefined;
  credential: string | undefined;
  /**
   * What the store has of it. Of pushes that were under way at the same time, what each may have
   * left: then there can be several of one name.
   */
  families: readonly HeldFamily[];
  claims: readonly HeldClaim[];
  /** The two time stamps that Pushgateway adds. */
  readonly stamps: HeldSeries;
  /** When the last push that was stored was settled, in steps of the store. */
  storedAt: number;
  /** What the quota of the owner counts for its claims. */
  reserved: GroupTotals;
}

/** Series that are held together. There is one for the time stamps of each group: it is small. */
export interface HeldSeries {
  /** Undefined for what is not among the types: time stamps, and series of Pushgateway to come. */
  readonly occupant: Occupant | undefined;
  group: HeldGroup | undefined;
  /** Its number in the table of series. */
  readonly holder: number;
  /** The chain of its series there. */
  chain: number;
}

/** A family of a group, shared by its claims that bring the same. */
export interface HeldFamily extends HeldSeries {
  readonly series: number;
  /** As the last push or reading had it. */
  bytes: number;
  /** The group, and claims. */
  uses: number;
  /** When the push that left it was settled; what began later takes its place. */
  settledAt: number;
}

/** A push on its way. */
export interface HeldClaim {
  readonly method: 'PUT' | 'POST';
  /** With their bytes. */
  readonly families: ReadonlyMap<HeldFamily, number>;
  /** When it began, in steps of the store. */
  readonly begunAt: number;
  /** Of what it leaves: a PUT or deletion has ended meanwhile, which came before it or after it. */
  doubt: Doubt | undefined;
}

/** Whether series are those of a family, and not time stamps or Pushgateway's own to come. */
export function isFamily(held: HeldSeries): held is HeldFamily {
  return held.occupant !== undefined;
}

/** Where families are held: the types, and the series. */
export interface Holdings {
  readonly index: FamilyIndex;
  readonly series: SeriesTable;
  /** By number. */
  readonly holders: (HeldSeries | undefined)[];
  readonly freeHolders: number[];
}

export const NOTHING: GroupTotals = { groups: 0, series: 0, bytes: 0 };
/** What every group without claims shares. */
const NO_CLAIMS: readonly HeldClaim[] = [];
/** Later than every step: small, as all families together keep the kind of number that one has. */
export const NOT_SETTLED = 0x7fffffff;
/** The beginning of every chain of series. */
const NO_CHAIN = -1;

/** Enters a family that is used once. Its series are entered by who checks them. */
export function holdFamily(
  { index, holders, freeHolders }: Holdings,
  group: HeldGroup | undefined,
  { name, type }: PushedFamily,
  { series, bytes }: Pick<FamilyContent, 'series' | 'bytes'>,
): HeldFamily {
  const occupant = hold(index, name, type);
  // Each by its name: what a spread begins has part of its fields in an object of its own.
  const held: HeldFamily = {
    occupant,
    group,
    holder: takeNumber(holders, freeHolders),
    chain: NO_CHAIN,
    series,
    bytes,
    uses: 1,
    settledAt: 0,
  };
  holders[held.holder] = held;
  return held;
}

/** The same of series that are of no family whose type could clash. */
export function holdSeries(
  { holders, freeHolders }: Pick<Holdings, 'holders' | 'freeHolders'>,
  group: HeldGroup | undefined,
): HeldSeries {
  const holder = takeNumber(holders, freeHolders);
  const held = { occupant: undefined, group, holder, chain: NO_CHAIN };
  holders[holder] = held;
  return held;
}

function takeNumber(holders: readonly unknown[], freeHolders: number[]): number {
  return freeHolders.pop() ?? holders.length;
}

/** Enters series without a check. */
export function addSeries(
  { series }: Pick<Holdings, 'series'>,
  held: HeldSeries,
  identities: readonly number[],
): void {
  for (let at = 0; at < identities.length; at += 2) {
    held.chain = series.add(identities[at] ?? 0, identities[at + 1] ?? 0, held.holder, held.chain);
  }
}

/** Gives back one use of a family; with the last one it is gone. */
export function releaseFamily(holdings: Holdings, held: HeldFamily): void {
  held.uses -= 1;
  if (held.uses > 0) return;
  if (held.occupant !== undefined) release(holdings.index, held.occupant);
  releaseSeries(holdings, held);
}

/** Gives back series that nothing else uses. */
export function releaseSeries(
  { series, holders, freeHolders }: Pick<Holdings, 'series' | 'holders' | 'freeHolders'>,
  { chain, holder }: HeldSeries,
): void {
  series.removeChain(chain);
  holders[holder] = undefined;
  freeHolders.push(holder);
}

/** Whether a held family is exactly what a push brings. */
export function isSameContent(
  { series }: Pick<Holdings, 'series'>,
  held: HeldFamily,
  family: FamilyContent,
): boolean {
  return (
    held.occupant?.name === family.name &&
    held.occupant.type === family.type &&
    held.series === family.series &&
    series.chainEquals(held.chain, family.identities)
  );
}

/** A group that the store does not have yet; its time stamps are not entered. */
export function createGroup(holdings: Holdings, id: GroupId, key: GroupingKey): HeldGroup {
  const stamps = holdSeries(holdings, undefined);
  const group: HeldGroup = {
    id: detach(id),
    oddKey: isSameKey(readPushTarget(id), key) ? undefined : key,
    owned: undefined,
    exists: false,
    pushedAt: undefined,
    failedAt: undefined,
    credential: undefined,
    families: [],
    claims: NO_CLAIMS,
    stamps,
    storedAt: 0,
    reserved: NOTHING,
  };
  stamps.group = group;
  return group;
}

/** The key of a group, made anew: with 100 000 groups their ids alone are enough to keep. */
export function keyOf({ id, oddKey }: Pick<HeldGroup, 'id' | 'oddKey'>): GroupingKey {
  return oddKey ?? readPushTarget(id);
}

/** A copy: what was cut from a text, or put together, keeps its parts alive. */
function detach(text: string): string {
  return Buffer.from(text).toString();
}

/** Adds a claim to a group. */
export function addClaim(group: HeldGroup, claim: HeldClaim): void {
  group.claims = [...group.claims, claim];
}

/** Takes a claim from a group; whether it was there. */
export function removeClaim(group: HeldGroup, claim: HeldClaim): boolean {
  const others = group.claims.filter((other) => other !== claim);
  const wasThere = others.length < group.claims.length;
  group.claims = others.length === 0 ? NO_CLAIMS : others;
  return wasThere;
}

/** Sums over the families that the store has of a group; of one that it has not, nothing. */
export function totalsOf({
  exists,
  families,
}: Pick<HeldGroup, 'exists' | 'families'>): GroupTotals {
  if (!exists) return NOTHING;
  let series = 0;
  let bytes = 0;
  for (const family of families) {
    series += family.series;
    bytes += family.bytes;
  }
  return { groups: 1, series, bytes };
}

/** The time stamps that Pushgateway would add to a group. */
export function stampsOf(group: HeldGroup): readonly number[] {
  return timeStampSeries(keyOf(group));
}
