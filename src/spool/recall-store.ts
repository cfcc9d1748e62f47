import { type FamilyContent, SCRAPE_SCOPE } from '../core/exposition/push-content.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { GroupId } from '../core/store/group.ts';
import type { ReadGroup } from '../core/store/group-store.ts';
import { parsePushTarget } from '../core/target/push-target.ts';
import type { ParseContent } from '../pipeline/ports.ts';
import type { OpenedSpool } from './open-spool.ts';

/**
 * What the upstream held when it was last heard of, as far as its last pushes say: for a gateway that
 * starts while it is away. What the disk does not give is not known then.
 */
export async function recallStore(
  { index, disk }: OpenedSpool,
  parse: ParseContent,
): Promise<readonly ReadGroup[]> {
  const groups: ReadGroup[] = [];
  for (const id of [...index.groups()]) {
    const stored = [...index.stored(id)];
    const group = await recallGroup(id, stored, { disk, parse });
    if (group !== undefined) groups.push(group);
  }
  return groups;
}

/** Undefined for what is no group: it was deleted, or was never stored. */
async function recallGroup(
  id: GroupId,
  stored: readonly SpoolEntry[],
  { disk, parse }: Pick<OpenedSpool, 'disk'> & { readonly parse: ParseContent },
): Promise<ReadGroup | undefined> {
  const target = parsePushTarget(id, { emptyValues: true });
  const last = stored.at(-1);
  if (target.effect === 'deny' || last === undefined || last.method === 'DELETE') return undefined;
  const { key } = target.value;
  const families = new Map<string, FamilyContent>();
  for (const { seq, method, mediaType, team } of stored) {
    if (method !== 'POST') families.clear();
    const body = await disk.body(seq).catch(() => undefined);
    if (body === undefined) continue;
    const content = await parse(team, body, mediaType, { ...SCRAPE_SCOPE, key });
    if (content.effect === 'deny') continue;
    for (const family of content.value.families) families.set(family.name, family);
  }
  const pushedAt = last.storedAt;
  return { id, key, families: [...families.values()], pushedAt, failedAt: undefined };
}
