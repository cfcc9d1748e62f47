import type { FamilyContent } from '../exposition/push-content.ts';
import type { ForeignChanges, ReadGroup, StoreContents, StoreReading } from './group-store.ts';
import {
  addSeries,
  createGroup,
  type HeldFamily,
  type HeldGroup,
  holdFamily,
  isSameContent,
  releaseFamily,
  stampsOf,
} from './held-group.ts';
import { change, enterGroup, type StoreState } from './store-state.ts';

/** Groups that are put in place before others go on. */
const SLICE = 200;

/** @see `GroupStore.startReading` */
export function startReading(state: StoreState): StoreReading {
  const changed = new Set<string>();
  state.changed = changed;
  const isCurrent = (): boolean => state.changed === changed;
  return {
    async finish(contents) {
      if (!isCurrent()) return undefined;
      const changes = await rebuild(state, contents, changed, isCurrent);
      if (isCurrent()) state.changed = undefined;
      return changes;
    },
    [Symbol.dispose]() {
      if (isCurrent()) state.changed = undefined;
    },
  };
}

async function rebuild(
  state: StoreState,
  { groups, own, keepsNative }: StoreContents,
  changed: Set<string>,
  isCurrent: () => boolean,
): Promise<ForeignChanges | undefined> {
  state.keepsNative = keepsNative;
  replaceFamilies(state, state.own, own);
  const changes = { appeared: 0, vanished: 0, changed: 0, same: 0 };
  const read = new Set<string>();
  let done = 0;
  for (const group of groups) {
    read.add(group.id);
    if (!changed.has(group.id)) changes[takeGroup(state, group, changed)] += 1;
    done += 1;
    if (done % SLICE !== 0) continue;
    await state.options.pause();
    if (!isCurrent()) return undefined;
  }
  for (const group of state.groups.values()) {
    if (!group.exists || read.has(group.id) || changed.has(group.id)) continue;
    changes.vanished += 1;
    change(state, group, () => {
      group.exists = false;
      replaceFamilies(state, group, []);
    });
    changed.delete(group.id);
  }
  const { appeared, vanished, changed: differ } = changes;
  return { appeared, vanished, changed: differ };
}

/** Puts one group in place; whether the model did not know that it would be so. */
function takeGroup(
  state: StoreState,
  read: ReadGroup,
  changed: Set<string>,
): keyof ForeignChanges | 'same' {
  const known = state.groups.get(read.id);
  const group = known ?? createGroup(state, read.id, read.key);
  if (known === undefined) {
    addSeries(state, group.stamps, stampsOf(group));
    enterGroup(state, group);
  }
  const wasThere = group.exists;
  let isSame = true;
  change(state, group, () => {
    group.exists = true;
    group.pushedAt = read.pushedAt;
    group.failedAt = read.failedAt;
    isSame = replaceFamilies(state, group, read.families);
  });
  changed.delete(read.id);
  if (!wasThere) return group.claims.length === 0 ? 'appeared' : 'same';
  return isSame ? 'same' : 'changed';
}

/** Puts families in the place of those that a group has; whether they are the same. */
function replaceFamilies(
  state: StoreState,
  group: HeldGroup,
  families: readonly FamilyContent[],
): boolean {
  const before = new Map<string, HeldFamily[]>();
  for (const family of group.families) {
    const name = family.occupant?.name ?? '';
    const others = before.get(name);
    if (others === undefined) before.set(name, [family]);
    else others.push(family);
  }
  let isSame = group.families.length === families.length;
  const kept = families.map((family) => {
    const others = before.get(family.name) ?? [];
    const place = others.findIndex((held) => isSameContent(state, held, family));
    const [same] = place === -1 ? [] : others.splice(place, 1);
    if (same !== undefined) {
      same.bytes = family.bytes;
      same.settledAt = Math.min(same.settledAt, state.step);
      return same;
    }
    isSame = false;
    return takeFamily(state, group, family);
  });
  for (const family of [...before.values()].flat()) releaseFamily(state, family);
  group.families = kept;
  return isSame;
}

/** A family that was read, shared with a claim that brings the same. */
function takeFamily(state: StoreState, group: HeldGroup, family: FamilyContent): HeldFamily {
  for (const { families } of group.claims) {
    const claimed = [...families.keys()].find((held) => isSameContent(state, held, family));
    if (claimed === undefined) continue;
    claimed.uses += 1;
    return claimed;
  }
  const held = holdFamily(state, group, family, family);
  addSeries(state, held, family.identities);
  return held;
}
