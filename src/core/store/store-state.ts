import type { Steps } from '../steps.ts';
import type { GroupingKey } from '../target/grouping-key.ts';
import { clearDoubt, type Doubts } from './doubts.ts';
import type { FamilyIndex, Occupant } from './family-index.ts';
import type { GroupId } from './group.ts';
import { growthLeft, growthTo, plus, type Sizes } from './group-growth.ts';
import type { GroupTotals } from './group-store.ts';
import {
  addSeries,
  createGroup,
  type HeldGroup,
  type Holdings,
  holdSeries,
  keyOf,
  NOTHING,
  releaseFamily,
  releaseSeries,
  totalsOf,
} from './held-group.ts';
import { createHeldTable } from './held-table.ts';
import { createLongWorks, type LongWorks } from './long-works.ts';
import { ownSeriesToCome } from './own-series.ts';
import { createOwnedGroups, type OwnedGroups } from './owned-groups.ts';
import { type GroupOwner, NO_OWNERS, type Ownership } from './ownership.ts';
import { createSeriesTable } from './series-table.ts';
import { countChanged, countStored, type StoredLines } from './stored-lines.ts';

/** What the model in memory is made of. */
export interface StoreState extends Holdings {
  readonly groups: Map<GroupId, HeldGroup>;
  /** What its groups have of each family, what is on its way there left out. */
  readonly stored: Map<Occupant, StoredLines>;
  /** How many of them the store has, or may have. */
  existing: number;
  readonly owners: Map<string, OwnedGroups>;
  ownership: Ownership;
  /** What Pushgateway says of itself, as it was read. */
  readonly own: HeldGroup;
  keepsNative: boolean;
  /** Counts what happened, so that it can be told what came before what. */
  step: number;
  /** Groups that changed since the store began to be read; undefined while it is not. */
  changed: Set<GroupId> | undefined;
  readonly doubts: Doubts;
  readonly works: LongWorks;
  /** Whether it is no longer in use. */
  isOver: boolean;
  readonly options: MemoryStoreOptions;
}

/** What the models of several Pushgateways have together: a scrape of all joins them. */
export interface SharedState {
  /** A family has one type in all of them. */
  readonly index: FamilyIndex;
  /** A quota is that of a team, wherever its groups are. */
  readonly owners: Map<string, OwnedGroups>;
  readonly works: LongWorks;
}

export interface MemoryStoreOptions {
  /** Left out for a store that is alone. */
  readonly shared?: SharedState;
  /** Two numbers of 32 bits that nobody can guess. */
  readonly secret: readonly [number, number];
  /** Lets others go on in the middle of long work. */
  readonly pause: () => Promise<void>;
  /** Left out: what takes a millisecond or two. */
  readonly slices?: StoreSlices;
}

/** How a push of very many series or families is claimed and settled. */
interface StoreSlices {
  /** One of more than these is, in slices. */
  readonly above: number;
  /** Steps of a slice; a family takes a few. */
  readonly length: number;
}

const SLICES: StoreSlices = { above: 1000, length: 300 };

/** Whether something of so many series or families is done in slices. */
export function isLong({ options }: StoreState, count: number): boolean {
  return count > (options.slices ?? SLICES).above;
}

const OWN_KEY: GroupingKey = { job: '', labels: [] };

/** What stores that are created with it have together. */
export function createSharedState({
  pause,
  slices,
}: Pick<MemoryStoreOptions, 'pause' | 'slices'>): SharedState {
  const { length } = slices ?? SLICES;
  return { index: new Map(), owners: new Map(), works: createLongWorks({ length, pause }) };
}

/** An empty store. */
export function createStoreState(options: MemoryStoreOptions): StoreState {
  const { index, owners, works } = options.shared ?? createSharedState(options);
  const holdings: Holdings = {
    index,
    series: createSeriesTable(options.secret),
    held: createHeldTable(),
  };
  addSeries(holdings, holdSeries(holdings, undefined), ownSeriesToCome());
  return {
    ...holdings,
    groups: new Map(),
    stored: new Map(),
    existing: 0,
    owners,
    works,
    ownership: NO_OWNERS,
    own: createGroup(holdings, '', OWN_KEY),
    keepsNative: false,
    step: 1,
    changed: undefined,
    doubts: new Map(),
    isOver: false,
    options,
  };
}

/** Counts one more thing that happened. */
export function nextStep(state: StoreState): number {
  state.step += 1;
  return state.step;
}

/** Enters a group with its time stamps, unchecked. */
export function enterGroup(state: StoreState, group: HeldGroup): void {
  state.groups.set(group.id, group);
  own(state, group);
}

/** Gives a group its owner by the configuration in use. */
export function own(state: StoreState, group: HeldGroup): void {
  const owner = state.ownership.ownerOf(keyOf(group));
  if (group.owned !== undefined && owner !== undefined && group.owned.team === owner.name) {
    group.owned.quota = owner.quota;
    return;
  }
  const { reserved } = group;
  withdraw(group);
  group.owned = owner && ownedBy(state, owner);
  if (group.exists) count(group, 1);
  reserve(group, reserved);
}

function ownedBy({ owners }: StoreState, { name, quota }: GroupOwner): OwnedGroups {
  const owned = owners.get(name) ?? createOwnedGroups(name, quota);
  owned.quota = quota;
  owners.set(name, owned);
  return owned;
}

/** Takes a group out of the sums of its owner. */
function withdraw(group: HeldGroup): void {
  if (group.exists) count(group, -1);
  unreserve(group);
  group.reserved = NOTHING;
  group.owned = undefined;
}

function count(group: HeldGroup, sign: 1 | -1): void {
  const { owned } = group;
  if (owned === undefined) return;
  if (sign === 1) owned.groups.add(group);
  else owned.groups.delete(group);
  const { series, bytes } = totalsOf(group);
  owned.series += sign * series;
  owned.bytes += sign * bytes;
}

function unreserve({ owned, reserved }: HeldGroup): void {
  if (owned === undefined) return;
  owned.reserved.groups -= reserved.groups;
  owned.reserved.series -= reserved.series;
  owned.reserved.bytes -= reserved.bytes;
}

/** Counts what the claims of a group would add at most. */
export function reserve(group: HeldGroup, growth: GroupTotals): void {
  unreserve(group);
  group.reserved = growth;
  const { owned } = group;
  if (owned === undefined) return;
  owned.reserved.groups += growth.groups;
  owned.reserved.series += growth.series;
  owned.reserved.bytes += growth.bytes;
}

/**
 * Changes what the store has of a group, in the first step; its sums and those of its owner follow.
 * Nothing else may change it until the end.
 * @param edit - tells whether what was counted of its claims is all that it may have now
 */
export function* change(state: StoreState, group: HeldGroup, edit: () => boolean): Steps<void> {
  const { families } = group;
  const before = totalsOf(group);
  const counted = plus(before, group.reserved);
  const isForeseen = edit();
  const after = totalsOf(group);
  if (group.families !== families) countChanged(state, families, group.families);
  state.changed?.add(group.id);
  state.existing += after.groups - before.groups;
  recount(group, before, after);
  yield* tidy(state, group, after, isForeseen ? counted : undefined);
}

/**
 * The sums of an owner follow a group. It is not taken out of the set of all and put in again: one
 * of many groups would be made anew every so often.
 */
function recount(group: HeldGroup, before: GroupTotals, after: GroupTotals): void {
  const { owned } = group;
  if (owned === undefined) return;
  if (after.groups > before.groups) owned.groups.add(group);
  if (after.groups < before.groups) owned.groups.delete(group);
  owned.series += after.series - before.series;
  owned.bytes += after.bytes - before.bytes;
}

/** What `change` does, where a push has changed nothing that the store has. */
export function* endUnchanged(
  state: StoreState,
  group: HeldGroup,
  isCounted: boolean,
): Steps<void> {
  const noted = totalsOf(group);
  yield* tidy(state, group, noted, isCounted ? plus(noted, group.reserved) : undefined);
}

/** Counts the claims of a group; forgets one that the store does not have and nothing is claimed for. */
function* tidy(
  state: StoreState,
  group: HeldGroup,
  noted: Sizes,
  most: Sizes | undefined,
): Steps<void> {
  const counted = { group, noted, isInDoubt: state.doubts.has(group.id) };
  const isPlain = group.claims.length === 0 && !counted.isInDoubt;
  if (isPlain && noted.bytes <= (most?.bytes ?? noted.bytes)) reserve(group, NOTHING);
  else {
    if (most !== undefined) reserve(group, growthTo(counted, group.claims, most)); // until it is known
    reserve(group, yield* growthLeft(counted, most));
  }
  if (state.isOver) return; // all of it was given back meanwhile
  if (group.exists || group.claims.length > 0) return;
  countStored(state, group.families, -1);
  for (const family of group.families) releaseFamily(state, family);
  group.families = [];
  releaseSeries(state, group.stamps);
  state.groups.delete(group.id);
  clearDoubt(state.doubts, group.id);
}

/** Empties a store that is no longer in use: what it shares with others is free of it. */
export function leaveShared(state: StoreState): void {
  state.isOver = true;
  state.changed = undefined; // a reading that is under way is over
  for (const group of state.groups.values()) {
    withdraw(group);
    const claimed = group.claims.flatMap(({ families }) => families);
    for (const family of [...group.families, ...claimed]) releaseFamily(state, family);
    releaseSeries(state, group.stamps);
    group.families = [];
    group.claims = []; // to settle one later does nothing
    group.exists = false;
  }
  for (const family of state.own.families) releaseFamily(state, family);
  state.own.families = [];
  state.groups.clear();
  state.doubts.clear();
  state.stored.clear();
  state.existing = 0;
}
