import type { Deny } from '../decision.ts';
import type { FamilyContent } from '../exposition/push-content.ts';
import type { GroupId } from '../store/group.ts';
import type { GroupStore } from '../store/group-store.ts';
import { createMemoryGroupStore } from '../store/memory-group-store.ts';
import type { MemoryStoreOptions } from '../store/store-state.ts';
import type { LiveGroup } from './live-group.ts';

/** A group that another one is in the way of. */
export interface Conflict {
  readonly id: GroupId;
  readonly refusal: Deny;
}

/** Everything is of one team, so that an answer may name the other group. */
const ANYBODY = 'anybody';
const OWNERSHIP = { ownerOf: () => ({ name: ANYBODY, quota: {} }) };

/** Groups that are held against the others before anybody else goes on. */
const SLICE = 200;

/**
 * Finds the groups that cannot be beside the others, each once: those that the gateway would refuse
 * because of what is stored, and, as it takes what a group holds already, those that it would refuse
 * if they were pushed one after the other into a store that is empty.
 * @param own - families that Pushgateway has of its own
 */
export async function findConflicts(
  groups: readonly LiveGroup[],
  own: readonly FamilyContent[],
  options: MemoryStoreOptions,
): Promise<readonly Conflict[]> {
  const found = new Map<GroupId, Conflict>();
  for (const stored of [groups, []]) {
    const store = createMemoryGroupStore(options);
    await store.assignOwners(OWNERSHIP);
    await store.startReading().finish({ groups: stored, own, keepsNative: true });
    const end = stored === groups ? 'refused' : 'stored';
    let done = 0;
    for (const group of groups) {
      const claim = await claimAgain(store, group);
      if (claim.effect === 'allow') await claim.value.settle(end);
      else if (!found.has(group.id)) found.set(group.id, describe(group, claim));
      done += 1;
      if (done % SLICE === 0) await options.pause();
    }
  }
  return [...found.values()];
}

function claimAgain(
  store: GroupStore,
  { id, key, families }: LiveGroup,
): ReturnType<GroupStore['claim']> {
  return store.claim({
    target: { key, canonical: id },
    team: ANYBODY,
    credential: '',
    method: 'PUT',
    content: { families },
    at: 0,
  });
}

/** The team that everything is of for a moment is nobody's business. */
function describe({ id }: LiveGroup, refusal: Deny): Conflict {
  const where = refusal.internal?.replace(` of team ${ANYBODY}`, '');
  return { id, refusal: { ...refusal, ...(where !== undefined && { internal: where }) } };
}
