import type { FamilyContent, FamilyType } from '../../src/core/exposition/push-content.ts';
import {
  identifySeries,
  type SeriesIdentities,
} from '../../src/core/exposition/series-identity.ts';
import { layOutSeries } from '../../src/core/exposition/series-layout.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import type { GroupId } from '../../src/core/store/group.ts';
import type { GroupClaim, GroupPush, GroupStore } from '../../src/core/store/group-store.ts';
import { createMemoryGroupStore } from '../../src/core/store/memory-group-store.ts';
import type { GroupingKey } from '../../src/core/target/grouping-key.ts';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import { WIDE_SCOPE } from './content-scope.ts';
import { allowed } from './decision.ts';

/** Time of every push that says nothing else. */
const PUSH_TIME = 1_700_000_000_000;

/** A family of one line without labels, in the group with a key. */
export function familyContent(
  name: string,
  type: FamilyType,
  key: GroupingKey = { job: 'x', labels: [] },
): FamilyContent {
  const identities: SeriesIdentities = [];
  const bytes = identifySeries(name, layOutSeries([], [], key), () => {}, identities);
  return { name, type, isTyped: type !== 'untyped', series: 1, bytes, identities };
}

/** `foo:gauge bar:summary` */
export function families(text: string, key?: GroupingKey): readonly FamilyContent[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', type = ''] = word.split(':');
      return familyContent(name, type as FamilyType, key); // written in a test
    });
}

/** The model of an empty store, of which nothing is known yet. */
export function createStore(): GroupStore {
  return createMemoryGroupStore({ secret: [1, 2], pause: async () => {} });
}

/**
 * The same of a store in which pushes are claimed and settled in slices of one step.
 * @param pause - between any two of them
 * @param above - of at most so many series they are not
 */
export function createSlicingStore(
  pause: () => Promise<void> = async () => {},
  above = 0,
): GroupStore {
  const slices = { above, length: 1 };
  return createMemoryGroupStore({ secret: [1, 2], pause, slices });
}

/** Canonical path of a group that a test calls `a`. */
export function groupId(name: string): GroupId {
  return `/metrics/job/${name}`;
}

/** A push of `foo:gauge bar:summary` to the job `name`, or to the group whose path that is. */
export function groupPush(
  name: string,
  text: string,
  rest: Partial<Omit<GroupPush, 'target' | 'content'>> = {},
): GroupPush {
  const path = name.startsWith('/') ? name : groupId(name);
  const target = allowed(parsePushTarget(path, { emptyValues: false }));
  return {
    target,
    team: 'payments',
    credential: 'nightly',
    method: 'PUT',
    content: { families: families(text, target.key) },
    at: PUSH_TIME,
    ...rest,
  };
}

/** Claims a push that must be allowed. */
export async function claimed(store: GroupStore, push: GroupPush): Promise<GroupClaim> {
  return allowed(await store.claim(push));
}

/** Pushes one after the other, each allowed and stored. */
export async function pushAll(store: GroupStore, ...pushes: readonly GroupPush[]): Promise<void> {
  for (const push of pushes) await (await claimed(store, push)).settle('stored');
}

/** Deletes a group of the job `name`. */
export async function deleteGroup(store: GroupStore, name: string): Promise<void> {
  await (await store.claimDelete(groupId(name))).settle('stored');
}

/** A push of a body in the text format to the job `name`. */
export function textPush(
  name: string,
  body: string,
  rest: Partial<Omit<GroupPush, 'target' | 'content'>> = {},
): GroupPush {
  const push = groupPush(name, '', rest);
  const scope = { ...WIDE_SCOPE, key: push.target.key };
  return { ...push, content: allowed(parseTextExposition(Buffer.from(body), scope)) };
}
