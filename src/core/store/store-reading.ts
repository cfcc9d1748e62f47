import type { FamilyContent } from '../exposition/push-content.ts';
import { finish } from '../steps.ts';
import { plus, type Sizes } from './group-growth.ts';
import type { ForeignChange, ReadGroup, StoreReading } from './group-store.ts';
import {
  addSeries,
  createGroup,
  type HeldGroup,
  holdFamily,
  isSameContent,
  releaseFamily,
  stampsOf,
  totalsOf,
} from './held-group.ts';
import type { HeldFamily, HeldTable } from './held-table.ts';
import { change, enterGroup, type StoreState } from './store-state.ts';
import { countStored } from './stored-lines.ts';

/** Groups that are put in place before others go on: a millisecond or two. */
const SLICE = 100;
/** Groups that are looked at before others go on. */
const LOOKED_AT = 1000;
/** Groups whose change by others is told with their names. */
const NAMED = 10;

/** A reading that is under way. */
interface Reading {
  readonly state: StoreState;
  /** Groups that changed since it began. */
  readonly changed: Set<string>;
  readonly read: Set<string>;
  readonly counts: Record<ForeignChange['change'], number>;
  readonly named: ForeignChange[];
  /** Groups since others went on. */
  sliced: number;
}

/** @see `GroupStore.startReading` */
export function startReading(state: StoreState): StoreReading {
  const changed = new Set<string>();
  const counts = { appeared: 0, vanished: 0, changed: 0 };
  const named: ForeignChange[] = [];
  const reading: Reading = { state, changed, read: new Set(), counts, named, sliced: 0 };
  state.changed = changed;
  return {
    begun: async () => undefined,
    add: (groups) => addGroups(reading, groups),
    restart: () => reading.read.clear(),
    async finish({ groups, own, keepsNative }) {
      if (!isCurrent(reading)) return undefined;
      state.keepsNative = keepsNative;
      replaceOwn(state, own);
      await addGroups(reading, groups);
      await removeVanished(reading);
      if (!isCurrent(reading)) return undefined;
      for (const id of state.doubts.keys()) if (!changed.has(id)) state.doubts.delete(id);
      state.changed = undefined;
      return { counts, named };
    },
    [Symbol.dispose]() {
      if (isCurrent(reading)) state.changed = undefined;
    },
  };
}

function noteChange(
  { counts, named }: Reading,
  { id }: HeldGroup,
  change: ForeignChange['change'],
): void {
  counts[change] += 1;
  if (named.length < NAMED) named.push({ group: id, change });
}

/** Whether no other reading has begun since. */
function isCurrent({ state, changed }: Reading): boolean {
  return state.changed === changed;
}

async function addGroups(reading: Reading, groups: readonly ReadGroup[]): Promise<void> {
  const { state, changed, read } = reading;
  for (const group of groups) {
    if (state.works.isOn(group.id)) await state.works.whenOff(group.id);
    if (!isCurrent(reading)) return;
    if (!changed.has(group.id)) takeGroup(reading, group);
    // the text that the model has already
    read.add(state.groups.get(group.id)?.id ?? group.id);
    reading.sliced += 1;
    if (reading.sliced < SLICE) continue;
    reading.sliced = 0;
    await state.options.pause();
  }
}

async function removeVanished(reading: Reading): Promise<void> {
  const { state, changed, read } = reading;
  let looked = 0;
  for (const group of state.groups.values()) {
    looked += 1;
    if (looked % LOOKED_AT === 0) await state.options.pause();
    if (state.works.isOn(group.id)) await state.works.whenOff(group.id);
    if (!isCurrent(reading)) return;
    if (!group.exists || read.has(group.id) || changed.has(group.id)) continue;
    if (!state.doubts.has(group.id)) noteChange(reading, group, 'vanished');
    changeInOne(state, group, () => {
      group.exists = false;
      return replaceFamilies(state, group, []);
    });
    changed.delete(group.id);
  }
}

function replaceOwn(state: StoreState, own: readonly FamilyContent[]): void {
  const before = state.own.families;
  const { gone } = replaceFamilies(state, state.own, own);
  countStored(state, state.own.families, 1);
  countStored(state, before, -1);
  releaseAll(state, gone);
}

/** Puts one group in place, and notes if the model did not know that it would be so. */
function takeGroup(reading: Reading, read: ReadGroup): void {
  const { state, changed } = reading;
  const known = state.groups.get(read.id);
  const group = known ?? createGroup(state, read.id, read.key);
  if (known === undefined) {
    addSeries(state, group.stamps, stampsOf(group));
    enterGroup(state, group);
  }
  const wasThere = group.exists;
  const isDecided = group.claims.length === 0 && !state.doubts.has(read.id);
  const isPushedAgain = takeTime(group, read, isDecided);
  const { isSame } = changeInOne(state, group, () => {
    group.exists = true;
    group.failedAt = read.failedAt;
    return replaceFamilies(state, group, read.families);
  });
  changed.delete(read.id);
  if (state.doubts.has(read.id)) return;
  if (!wasThere) {
    if (group.claims.length === 0) noteChange(reading, group, 'appeared');
    return;
  }
  if (isPushedAgain) group.credential = undefined; // who has pushed last is not known
  if (!isSame || isPushedAgain) noteChange(reading, group, 'changed');
}

/**
 * Takes the time of the last push; whether that was somebody else's. Of a push through the gateway
 * the model has another time than Pushgateway until that was read, and an unchecked one may not have
 * done yet what it has answered.
 * @param isDecided - whether no push to the group is under way or may come yet
 */
function takeTime(group: HeldGroup, { pushedAt }: ReadGroup, isDecided: boolean): boolean {
  const { pushedAt: before = 0, isTimeRead } = group;
  group.pushedAt = pushedAt;
  group.isTimeRead = isDecided && (pushedAt ?? 0) >= before;
  return isTimeRead && group.isTimeRead && pushedAt !== before;
}

/** Whether what was read can be of pushes through this store alone, some of them still under way. */
function isForeseen(group: HeldGroup, counted: Sizes, { isKnown }: Replacement): boolean {
  if (group.claims.length === 0 || !isKnown) return false;
  const { series, bytes } = totalsOf(group);
  return series <= counted.series && bytes <= counted.bytes;
}

/** What came of it that families took the place of others. */
interface Replacement {
  /** Whether they are the same. */
  readonly isSame: boolean;
  /** Whether all of them were noted before, or are on their way. */
  readonly isKnown: boolean;
  /** To be released once nobody counts them any more. */
  readonly gone: readonly HeldFamily[];
}

/** Changes what a group has, in one go. */
function changeInOne(state: StoreState, group: HeldGroup, edit: () => Replacement): Replacement {
  let replacement: Replacement = { isSame: true, isKnown: true, gone: [] };
  const counted = plus(totalsOf(group), group.reserved);
  const changing = change(state, group, () => {
    replacement = edit();
    return isForeseen(group, counted, replacement);
  });
  finish(changing);
  releaseAll(state, replacement.gone);
  return replacement;
}

function releaseAll(state: StoreState, families: readonly HeldFamily[]): void {
  for (const family of families) releaseFamily(state, family);
}

/** Puts families in the place of those that a group has. */
function replaceFamilies(
  state: StoreState,
  group: HeldGroup,
  families: readonly FamilyContent[],
): Replacement {
  const { held } = state;
  const before = byName(held, group.families);
  const claimed = byName(
    held,
    group.claims.flatMap((claim) => claim.families),
  );
  let isSame = group.families.length === families.length;
  let isKnown = true;
  const kept = families.map((family) => {
    const others = before.get(family.name) ?? [];
    const place = others.findIndex((one) => isSameContent(state, one, family));
    const [same] = place === -1 ? [] : others.splice(place, 1);
    if (same !== undefined) {
      held.setBytes(same, family.bytes);
      held.setSettledAt(same, Math.min(held.settledAt(same), state.step));
      return same;
    }
    isSame = false;
    const shared = shareFamily(state, family, claimed);
    if (shared !== undefined) return shared;
    isKnown = false;
    return takeFamily(state, group, family);
  });
  group.families = kept;
  group.leftAt = Math.min(group.leftAt, state.step);
  return { isSame, isKnown, gone: [...before.values()].flat() };
}

/** A family that was read, shared with a claim that brings the same; undefined if there is none. */
function shareFamily(
  state: StoreState,
  family: FamilyContent,
  claimed: ReadonlyMap<string, readonly HeldFamily[]>,
): HeldFamily | undefined {
  const same = claimed.get(family.name)?.find((one) => isSameContent(state, one, family));
  if (same === undefined) return undefined;
  state.held.use(same, 1);
  state.held.setBytes(same, family.bytes);
  return same;
}

/** A family that was read. */
function takeFamily(state: StoreState, group: HeldGroup, family: FamilyContent): HeldFamily {
  const taken = holdFamily(state, group, family, family);
  addSeries(state, taken, family.identities);
  return taken;
}

/** Families by their names. */
function byName(held: HeldTable, families: Iterable<HeldFamily>): Map<string, HeldFamily[]> {
  const table = new Map<string, HeldFamily[]>();
  for (const family of families) {
    const name = held.occupantOf(family)?.name ?? '';
    const others = table.get(name);
    if (others === undefined) table.set(name, [family]);
    else others.push(family);
  }
  return table;
}
