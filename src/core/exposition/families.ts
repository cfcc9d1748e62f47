import { allow, type Decision, type Deny, deny } from '../decision.ts';
import { renderQuoted } from '../printable.ts';
import {
  type FamilyIndex,
  findClashes,
  hold,
  isSame,
  type Occupant,
  release,
} from './family-index.ts';
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
  /** Rises with every change. */
  revision(): number;
  /**
   * Puts what was read from the store in the place of what was noted, but for claims and for groups
   * that changed since `revision`, which was asked for before the store was.
   */
  rebuild(stored: StoredFamilies, revision: number): void;
}

/** A store as it was read. */
export interface StoredFamilies {
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
  readonly revision: number;
}

interface State {
  readonly index: FamilyIndex;
  readonly groups: Map<string, Group>;
  readonly claims: Set<FamilyPush>;
  keepsNative: boolean;
  revision: number;
}

/** Creates the registry of an empty store that keeps no native histograms. */
export function createFamilyRegistry(): FamilyRegistry {
  const state: State = {
    index: new Map(),
    groups: new Map(),
    claims: new Set(),
    keepsNative: false,
    revision: 0,
  };
  return {
    claim: (push) => claim(state, push),
    forget: (group) => forget(state, group),
    storedNames: () => listStoredNames(state),
    revision: () => state.revision,
    rebuild: (stored, revision) => rebuild(state, stored, revision),
  };
}

function claim(state: State, push: FamilyPush): Decision<FamilyClaim> {
  const native = state.keepsNative ? undefined : push.families.find(isNative);
  if (native !== undefined) return denyNative(native);
  for (const family of push.families) {
    const clash = findClashes(state.index, family).find(
      (occupant) => !givesWay(state, occupant, push),
    );
    if (clash !== undefined) return denyClash(state, push, family, clash.family);
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

function forget(state: State, group: string): void {
  if (state.groups.has(group)) replace(state, group, [], undefined);
}

function rebuild(
  state: State,
  { groups: stored, keepsNative }: StoredFamilies,
  revision: number,
): void {
  state.keepsNative = keepsNative;
  const isStale = (group: string): boolean => (state.groups.get(group)?.revision ?? 0) <= revision;
  const names = new Set(stored.map(({ group }) => group));
  const gone = [...state.groups.keys()].filter((group) => !names.has(group) && isStale(group));
  for (const group of gone) {
    replace(state, group, [], undefined);
    state.groups.delete(group);
  }
  for (const { group, families } of stored) {
    if (isStale(group)) replace(state, group, families, state.groups.get(group)?.team);
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
  state: State,
  group: string,
  families: readonly PushedFamily[],
  team: string | undefined,
): void {
  const { index, groups } = state;
  const before = groups.get(group)?.families ?? [];
  const held = families.map((family) => hold(index, family));
  for (const family of before) release(index, family);
  state.revision += 1;
  groups.set(group, { families: held, team, revision: state.revision });
}

function isNative({ type }: PushedFamily): boolean {
  return type === 'native_histogram';
}

function denyNative({ name }: PushedFamily): Deny {
  return deny('body_invalid', {
    detail: `${renderQuoted(name)} is a native histogram, which this Pushgateway does not keep`,
    hints: ['push it with classic buckets, or have Pushgateway updated to 1.5.1 or later'],
  });
}

/** The other team is never named, the group only to the team that pushed to it. */
function denyClash(
  state: State,
  { team }: FamilyPush,
  family: PushedFamily,
  stored: PushedFamily,
): Deny {
  const detail =
    family.name === stored.name
      ? `metric ${renderQuoted(family.name)} is stored as ${stored.type}, not ${family.type}`
      : `${family.type} ${renderQuoted(family.name)} clashes with ${stored.type} ${renderQuoted(stored.name)}`;
  for (const [group, { families, team: owner }] of state.groups) {
    if (owner === team && families.some((known) => isSame(known, stored))) {
      return deny('inconsistent', {
        detail,
        hints: [
          `your team ${team} stored it in ${group}: delete that group, or rename one of them`,
        ],
      });
    }
  }
  return deny('inconsistent', { detail, hints: ['another group has it: rename your metric'] });
}
