import { allow, type Decision } from '../decision.ts';
import type { PushedFamily } from '../exposition/push-content.ts';
import {
  type FamilyIndex,
  findClashes,
  hold,
  isSame,
  type Occupant,
  release,
} from './family-index.ts';
import { denyClash, denyNative } from './family-refusals.ts';
import type { GroupId, StoredGroup } from './group.ts';
import type {
  ForeignChanges,
  GroupClaim,
  GroupFilter,
  GroupPush,
  GroupStore,
  GroupTotals,
  PushEnd,
  ReadGroup,
  StoreContents,
  StoreReading,
} from './group-store.ts';
import { NO_OWNERS, type Ownership } from './ownership.ts';

interface Group extends Omit<StoredGroup, 'families' | 'series' | 'bytes' | 'owner'> {
  readonly families: readonly PushedFamily[];
  /** Who pushed to it last; undefined when that was before this process. */
  readonly team: string | undefined;
}

/** A push that is claimed; its families are those of the index. */
interface ClaimedPush extends Omit<GroupPush, 'content'> {
  readonly families: readonly PushedFamily[];
}

interface State {
  readonly index: FamilyIndex;
  readonly groups: Map<GroupId, Group>;
  readonly claims: Set<ClaimedPush>;
  ownership: Ownership;
  own: readonly PushedFamily[];
  keepsNative: boolean;
  /** Groups that changed since the store began to be read; undefined while it is not. */
  changed: Set<GroupId> | undefined;
}

/** Creates the model of an empty store that keeps no native histograms, in this process. */
export function createMemoryGroupStore(): GroupStore {
  const state: State = {
    index: new Map(),
    groups: new Map(),
    claims: new Set(),
    ownership: NO_OWNERS,
    own: [],
    keepsNative: false,
    changed: undefined,
  };
  return {
    claim: async (push) => claim(state, push),
    claimDelete: async (group) => ({
      settle: async (end) => void (end === 'stored' && remove(state, group)),
    }),
    startReading: () => startReading(state),
    group: (id) => view(state, state.groups.get(id)),
    groups: (filter) => listGroups(state, filter),
    totals: (team) => sumUp(state, team),
    familyNames: () => listStoredNames(state),
    async assignOwners(ownership) {
      state.ownership = ownership;
    },
  };
}

function view({ ownership }: State, group: Group | undefined): StoredGroup | undefined {
  if (group === undefined) return undefined;
  const families = group.families.map(({ name, type }) => ({ name, type, series: 0 }));
  const owner = ownership.ownerOf(group.key)?.name;
  return { ...group, owner, families, series: 0, bytes: 0 };
}

function* listGroups(state: State, { team, job }: GroupFilter = {}): Iterable<StoredGroup> {
  for (const group of state.groups.values()) {
    if (job !== undefined && group.key.job !== job) continue;
    const viewed = view(state, group);
    if (viewed !== undefined && (team === undefined || viewed.owner === team)) yield viewed;
  }
}

function sumUp(state: State, team: string): GroupTotals {
  return { groups: [...listGroups(state, { team })].length, series: 0, bytes: 0 };
}

function claim(state: State, push: GroupPush): Decision<GroupClaim> {
  const { families } = push.content;
  const native = state.keepsNative ? undefined : families.find(isNative);
  if (native !== undefined) return denyNative(native);
  for (const family of families) {
    const clash = findClashes(state.index, family).find(
      (occupant) => !givesWay(state, occupant, push),
    );
    if (clash === undefined) continue;
    const { team } = push;
    const group = findOwnGroup(state, team, clash.family);
    return denyClash(family, clash.family, group === undefined ? undefined : { team, group });
  }
  const held = { ...push, families: families.map((family) => hold(state.index, family)) };
  state.claims.add(held);
  return allow({ settle: async (end) => settle(state, held, end) });
}

function settle(state: State, push: ClaimedPush, end: PushEnd): void {
  if (!state.claims.delete(push)) return;
  const { target, team, credential, families, method, at } = push;
  const { canonical: id, key } = target;
  const known = state.groups.get(id);
  const before = known?.families ?? [];
  const times = { pushedAt: known?.pushedAt, failedAt: known?.failedAt };
  const group = { id, key, team, credential, ...times };
  if (end === 'stored') {
    const names = new Set(families.map(({ name }) => name));
    const kept = method === 'PUT' ? [] : before.filter(({ name }) => !names.has(name));
    replace(state, { ...group, pushedAt: at, families: [...kept, ...families] });
  }
  if (end === 'unknown') {
    const kinds = listKinds(before);
    const added = families.filter((family) => !kinds.has(kindOf(family)));
    replace(state, { ...group, pushedAt: at, families: [...before, ...added] });
  }
  if (end === 'rejected') {
    const rest = { team: known?.team, credential: known?.credential };
    replace(state, { ...group, ...rest, failedAt: at, families: before });
  }
  for (const family of families) release(state.index, family);
}

function startReading(state: State): StoreReading {
  const changed = new Set<GroupId>();
  state.changed = changed;
  const end = (): boolean => {
    const isCurrent = state.changed === changed;
    if (isCurrent) state.changed = undefined;
    return isCurrent;
  };
  return {
    finish: async (contents) => (end() ? rebuild(state, contents, changed) : undefined),
    [Symbol.dispose]: () => void end(),
  };
}

function rebuild(
  state: State,
  { groups, own, keepsNative }: StoreContents,
  changed: ReadonlySet<GroupId>,
): ForeignChanges {
  state.keepsNative = keepsNative;
  const changes = { appeared: 0, vanished: 0, changed: 0 };
  const known = new Set(groups.map(({ id }) => id)).union(changed);
  const gone = [...state.groups.keys()].filter((id) => !known.has(id));
  for (const id of gone) remove(state, id);
  changes.vanished = gone.length;
  for (const group of groups) {
    if (changed.has(group.id)) continue;
    const before = state.groups.get(group.id);
    if (before === undefined) changes.appeared += 1;
    else if (!hasSameFamilies(before, group)) changes.changed += 1;
    replace(state, { ...group, team: before?.team, credential: before?.credential });
  }
  const heldBefore = state.own;
  state.own = own.map((family) => hold(state.index, family));
  for (const family of heldBefore) release(state.index, family);
  return changes;
}

function hasSameFamilies(before: Group, { families }: ReadGroup): boolean {
  const kinds = listKinds(families);
  return before.families.length === kinds.size && kinds.isSupersetOf(listKinds(before.families));
}

function listStoredNames({ groups, own }: State): ReadonlySet<string> {
  const names = new Set(own.map(({ name }) => name));
  for (const { families } of groups.values()) for (const { name } of families) names.add(name);
  return names;
}

/** Whether a push takes the place of all that there is of a family. */
function givesWay({ groups, claims }: State, occupant: Occupant, push: GroupPush): boolean {
  const { family, holders } = occupant;
  const { method, content, target } = push;
  if (method === 'POST' && !listNames(content.families).has(family.name)) return false;
  const own = [...claims].filter((other) => other.target.canonical === target.canonical);
  const stored = groups.get(target.canonical);
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

function replace({ index, groups, changed }: State, group: Group): void {
  const before = groups.get(group.id)?.families ?? [];
  const held = group.families.map((family) => hold(index, family));
  for (const family of before) release(index, family);
  changed?.add(group.id);
  groups.set(group.id, { ...group, families: held });
}

function remove({ index, groups, changed }: State, group: GroupId): void {
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
