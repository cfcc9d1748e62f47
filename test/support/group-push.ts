import type { FamilyType, PushedFamily } from '../../src/core/exposition/push-content.ts';
import type { GroupId } from '../../src/core/store/group.ts';
import type { GroupClaim, GroupPush, GroupStore } from '../../src/core/store/group-store.ts';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import { allowed } from './decision.ts';

/** Time of every push that says nothing else. */
const PUSH_TIME = 1_700_000_000_000;

/** `foo:gauge bar:summary` */
export function families(text: string): readonly PushedFamily[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', type = ''] = word.split(':');
      return { name, type: type as FamilyType }; // written in a test
    });
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
  return {
    target: allowed(parsePushTarget(path, { emptyValues: false })),
    team: 'payments',
    credential: 'nightly',
    method: 'PUT',
    content: { families: families(text) },
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
