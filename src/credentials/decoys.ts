import { createHash, createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createDecoy } from './password-hash.ts';

/** Decoys remembered; one that was forgotten is made anew and costs the same. */
const MAX_REMEMBERED = 10_000;

/**
 * Creates what unknown user names are measured against: each has a hash of its own that no password
 * matches, and always the cost of the same known hash. Hashes of different costs then tell nobody
 * who exists: an unknown name looks like one of the known.
 * @param hashes - of all known users, at least one; who knows none cannot foretell the choice
 */
export function createDecoys(hashes: readonly string[]): (username: string) => string {
  // Not random: a name that costs something else after each restart would be an unknown one.
  const models = hashes.toSorted();
  const key = createHash('sha256').update(models.join('\n')).digest();
  const remembered = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  return (username) => {
    const digest = createHmac('sha256', key).update(username).digest();
    const id = digest.toString('base64');
    const known = remembered.get(id);
    if (known !== undefined) return known;
    const decoy = createDecoy(models[digest.readUInt32BE() % models.length] ?? '');
    remembered.set(id, decoy);
    return decoy;
  };
}
