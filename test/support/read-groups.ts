import type { ReadGroup } from '../../src/core/store/group-store.ts';
import type { StoreReader } from '../../src/pipeline/ports/store-reader.ts';

/** Every group of a store at once. */
export async function readGroups(
  reader: Pick<StoreReader, 'groups'>,
): Promise<readonly ReadGroup[]> {
  const groups: ReadGroup[] = [];
  const take = async (more: readonly ReadGroup[]): Promise<void> => void groups.push(...more);
  await reader.groups(take, () => groups.splice(0));
  return groups;
}
