import { allow, type Decision } from '../decision.ts';
import {
  type FamilyIndex,
  findClashes,
  hold,
  isSame,
  type Occupant,
  release,
} from './family-index.ts';
import { denyClash, denyNative } from './family-refusals.ts';
import type { PushedFamily } from './push-content.ts';

/**
 * What the store holds as far as types go: which group has which families. A conflict is found here
 * before it goes upstream, because a push that Pushgateway refuses for it leaves a group behind.
 * @see pushgateway `storage/diskmetricstore.go`, `setPushFailedTimestamp`
 */
export interface FamilyRegistry {
  /**
   * Claims the families of a push before it is sent, so that no other push comes in between. Ends
   * in `inconsistent`, or in `body_invalid` where the store cannot keep what it holds.
   */
  claim(push: FamilyPush): Decision<FamilyClaim>;
  /** Notes that a group was deleted. */
  forget(group: string): void;
  /** Names of the families that the store holds, what is on its way to it left out. */
  storedNames(): ReadonlySet<string>;
  /** Begins to read the store anew; a reading that began before is over. */
  startReading(): StoreReading;
}

/** Keeps apart what changes while the store is read. */
interface StoreReading extends Disposable {
  /**
   * Puts what was read in the place of what was noted, but for claims and for groups that changed
   * since the reading began. Does nothing once it is over.
   */
  finish(stored: StoredFamilies): void;
}

/** A store as it was read. */
interface StoredFamilies {
  readonly groups: readonly StoredGroup[];
  /** Whether it keeps native histograms and passes them on. */
  readonly keepsNative: boolean;
}

/** A push on its way to the store. */
export interface FamilyPush {
  /** Canonical path of its grouping key. */
  readonly group: string;
  readonly team: string;
  /** PUT takes the place of the whole group, POST that of the families that it has. */
  readonly method: 'PUT' | 'POST';
  readonly families: readonly PushedFamily[];
}

/** How a push ended: `unknown` when the store may hold what was before, or this, or both. */
export type PushEnd = 'stored' | 'refused' | 'unknown';

/** The families of a push until the store has answered. */
export interface FamilyClaim {
  /** To be called once, when the push has ended. */
  settle(end: PushEnd): void;
}

/** A group as it was read from the store. */
export interface StoredGroup {
  /** Canonical path of its grouping key; empty for what Pushgateway says of itself. */
  readonly group: string;
  readonly families: readonly PushedFamily[];
}

interface Group {
  readonly families: readonly PushedFamily[];
  /** Who pushed to it last; undefined when that was before this process. */
  readonly team: string | undefined;
}

interface State {
  readonly index: FamilyIndex;
  readonly groups: Map<string, Group>;
  readonly claims: Set<FamilyPush>;
  keepsNative: boolean;
  /** Groups that changed since the store began to be read; undefined while it is not. */
  changed: Set<string> | undefined;
}

/** Creates the registry of an empty store that keeps no native histograms. */
export function createFamilyRegistry(): FamilyRegistry {
  const state: State = {
    index: new Map(),
    groups: new Map(),
    claims: new Set(),
    keepsNative: false,
    changed: undefined,
  };
  return {
    claim: (push) => claim(state, push),
    forget: (group) => remove(state, group),
    storedNames: () => listStoredNames(state),
    startReading: () => startReading(state),
  };
}

function claim(state: State, push: FamilyPush): Decision<FamilyClaim> {
  const native = state.keepsNative ? undefined : push.families.find(isNative);
  if (native !== undefined) return denyNative(native);
  for (const family of push.families) {
    const clash = findClashes(state.index, family).find(
      (occupant) => !givesWay(state, occupant, push),
    );
    if (clash === undefined) continue;
    const { team } = push;
    const group = findOwnGroup(state, team, clash.family);
    return denyClash(family, clash.family, group === undefined ? undefined : { team, group });
  }
  const held = { ...push, families: push.families.map((family) => hold(state.index, family)) };
  state.claims.add(held);
  return allow({ settle: (end) => settle(state, held, end) });
}

function settle(state: State, push: FamilyPush, end: PushEnd): void {
  if (!state.claims.delete(push)) return;
  const { group, team, families, method } = push;
  const before = state.groups.get(group)?.families ?? [];
  if (end === 'stored') {
    const names = new Set(families.map(({ name }) => name));
    const kept = method === 'PUT' ? [] : before.filter(({ name }) => !names.has(name));
    replace(state, group, [...kept, ...families], team);
  }
  if (end === 'unknown') {
    const known = listKinds(before);
    const added = families.filter((family) => !known.has(kindOf(family)));
    replace(state, group, [...before, ...added], team);
  }
  for (const family of families) release(state.index, family);
}

function startReading(state: State): StoreReading {
  const changed = new Set<string>();
  state.changed = changed;
  const end = (): boolean => {
    const isCurrent = state.changed === changed;
    if (isCurrent) state.changed = undefined;
    return isCurrent;
  };
  return {
    finish: (stored) => void (end() && rebuild(state, stored, changed)),
    [Symbol.dispose]: () => void end(),
  };
}

function rebuild(
  state: State,
  { groups: stored, keepsNative }: StoredFamilies,
  changed: ReadonlySet<string>,
): void {
  state.keepsNative = keepsNative;
  const known = new Set(stored.map(({ group }) => group)).union(changed);
  const gone = [...state.groups.keys()].filter((group) => !known.has(group));
  for (const group of gone) remove(state, group);
  for (const { group, families } of stored) {
    if (!changed.has(group)) replace(state, group, families, state.groups.get(group)?.team);
  }
}

function listStoredNames({ groups }: State): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { families } of groups.values()) for (const { name } of families) names.add(name);
  return names;
}

/** Whether a push takes the place of all that there is of a family. */
function givesWay({ groups, claims }: State, occupant: Occupant, push: FamilyPush): boolean {
  const { family, holders } = occupant;
  if (push.method === 'POST' && !listNames(push.families).has(family.name)) return false;
  const own = [...claims].filter(({ group }) => group === push.group);
  const stored = groups.get(push.group);
  const holdings = stored === undefined ? own : [...own, stored];
  const held = holdings.filter(({ families }) => listKinds(families).has(kindOf(family)));
  return held.length === holders;
}

type Families = readonly PushedFamily[];

const listNames = createLister(({ name }: PushedFamily) => name);
const listKinds = createLister(kindOf);

function kindOf({ name, type }: PushedFamily): string {
  return `${type} ${name}`;
}

/** A push can have thousands of families that clash: a list is gone through once, not for each. */
function createLister(keyOf: (family: PushedFamily) => string) {
  const listed = new WeakMap<Families, ReadonlySet<string>>();
  return (families: Families): ReadonlySet<string> => {
    const known = listed.get(families);
    if (known !== undefined) return known;
    const keys = new Set(families.map(keyOf));
    listed.set(families, keys);
    return keys;
  };
}

function replace(
  { index, groups, changed }: State,
  group: string,
  families: readonly PushedFamily[],
  team: string | undefined,
): void {
  const before = groups.get(group)?.families ?? [];
  const held = families.map((family) => hold(index, family));
  for (const family of before) release(index, family);
  changed?.add(group);
  groups.set(group, { families: held, team });
}

function remove({ index, groups, changed }: State, group: string): void {
  for (const family of groups.get(group)?.families ?? []) release(index, family);
  changed?.add(group);
  groups.delete(group);
}

function isNative({ type }: PushedFamily): boolean {
  return type === 'native_histogram';
}

/** A group that a team itself has put a family into. */
function findOwnGroup({ groups }: State, team: string, family: PushedFamily): string | undefined {
  for (const [path, group] of groups) {
    if (group.team === team && group.families.some((held) => isSame(held, family))) return path;
  }
  return undefined;
}
