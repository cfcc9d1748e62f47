import { findDoubt } from './doubts.ts';
import type { GroupId, StoredFamily, StoredGroup } from './group.ts';
import { claimPush } from './group-claims.ts';
import type { GroupFilter, GroupStore, GroupTotals } from './group-store.ts';
import { type HeldGroup, keyOf, totalsOf } from './held-group.ts';
import type { Ownership } from './ownership.ts';
import { claimDeletion } from './settle-claim.ts';
import { startReading } from './store-reading.ts';
import {
  createStoreState,
  leaveShared,
  type MemoryStoreOptions,
  own,
  type StoreState,
} from './store-state.ts';

/**
 * Creates the model of an empty store that keeps no native histograms, in this process. To dispose
 * of it takes it out of what it shares with others.
 */
export function createMemoryGroupStore(options: MemoryStoreOptions): GroupStore & Disposable {
  const state = createStoreState(options);
  return {
    claim: (push) => claimPush(state, push),
    claimDelete: async (group) => claimDeletion(state, group),
    startReading: () => startReading(state),
    group: (id) => findGroup(state, id),
    groups: (filter) => listGroups(state, filter),
    totals: (team) => sumUp(state, team),
    familyLines: () => countLines(state),
    size: () => state.existing,
    doubt: () => findDoubt(state.doubts),
    assignOwners: (ownership) => assignOwners(state, ownership),
    [Symbol.dispose]: () => leaveShared(state),
  };
}

function findGroup({ groups }: StoreState, id: GroupId): StoredGroup | undefined {
  const group = groups.get(id);
  return group?.exists ? new View(group) : undefined;
}

function* listGroups(state: StoreState, { team, job }: GroupFilter = {}): Iterable<StoredGroup> {
  const groups =
    team === undefined ? state.groups.values() : (state.owners.get(team)?.groups ?? []);
  const isShared = team !== undefined && state.options.shared !== undefined;
  for (const group of groups) {
    if (isShared && state.groups.get(group.id) !== group) continue;
    if (group.exists && (job === undefined || keyOf(group).job === job)) yield new View(group);
  }
}

/** What a group shows of itself; whatever costs something is made only for who asks. */
class View implements StoredGroup {
  readonly #group: HeldGroup;

  constructor(group: HeldGroup) {
    this.#group = group;
  }

  get id() {
    return this.#group.id;
  }
  get owner() {
    return this.#group.owned?.team;
  }
  get pushedAt() {
    return this.#group.pushedAt;
  }
  get failedAt() {
    return this.#group.failedAt;
  }
  get credential() {
    return this.#group.credential;
  }
  get series() {
    return totalsOf(this.#group).series;
  }
  get bytes() {
    return totalsOf(this.#group).bytes;
  }
  get key() {
    return keyOf(this.#group);
  }
  get families() {
    return listFamilies(this.#group);
  }
}

function listFamilies({ families, held }: HeldGroup): readonly StoredFamily[] {
  return families.flatMap((family) => {
    const occupant = held.occupantOf(family);
    if (occupant === undefined) return [];
    return [{ name: occupant.name, type: occupant.type, series: held.seriesOf(family) }];
  });
}

function sumUp({ owners }: StoreState, team: string): GroupTotals {
  const owned = owners.get(team);
  if (owned === undefined) return { groups: 0, series: 0, bytes: 0 };
  return { groups: owned.groups.size, series: owned.series, bytes: owned.bytes };
}

function countLines({ stored }: StoreState): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const [{ name }, of] of stored) lines.set(name, (lines.get(name) ?? 0) + of.lines);
  return lines;
}

/** Groups that get their owner before others go on. */
const SLICE = 1000;

async function assignOwners(state: StoreState, ownership: Ownership): Promise<void> {
  state.ownership = ownership;
  let done = 0;
  for (const group of state.groups.values()) {
    if (state.ownership !== ownership) return;
    own(state, group);
    done += 1;
    if (done % SLICE === 0) await state.options.pause();
  }
}
