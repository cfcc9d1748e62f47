import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createFairQueue } from '../core/fair-queue.ts';
import { createHashDurations } from './hash-durations.ts';

/** Verifies passwords without letting them take the machine. */
export interface PasswordVerifier {
  /** Whether the pair was found right before: then verifying costs nothing. */
  isKnown(password: string, hash: string): boolean;
  /** Whether the pair is being verified for somebody: who verifies it now gets that result. */
  isUnderWay(password: string, hash: string): boolean;
  /**
   * `busy`: too many hashes wait already.
   * @param source - who asks; those who ask more wait for one another, not the others for them
   * @param owner - whose hash it is: of nobody, it takes the time of a mismatch and mostly no hash
   */
  verify(
    password: string,
    hash: string,
    source?: string,
    owner?: 'user' | 'nobody',
  ): Promise<'match' | 'mismatch' | 'busy'>;
}

interface PasswordVerifierOptions {
  /** Hashes computed at once; each takes a thread of its own. */
  readonly parallel: number;
}

/** Hashes that may wait for a place. */
const MAX_QUEUE = 64;
/** Matches remembered; each is one user with the right password. */
const MAX_CACHED = 10_000;

/**
 * Verifies passwords off the main thread, few at once, each pair once at a time, and remembers
 * matches. The memory holds keyed digests, never a password; it says that a password belongs to a
 * hash, not that anybody still has that hash.
 */
export function createPasswordVerifier({ parallel }: PasswordVerifierOptions): PasswordVerifier {
  const key = createSecretKey(randomBytes(32));
  const matches = new LRUCache<string, true>({ max: MAX_CACHED });
  const underWay = new Map<string, Promise<'match' | 'mismatch' | 'busy'>>();
  const durations = createHashDurations();
  const hashes = createFairQueue({ parallel, maxWaiting: MAX_QUEUE });
  const refusals = createFairQueue({ parallel, maxWaiting: MAX_QUEUE });

  const digest = (password: string, passwordHash: string): string => {
    // Each part goes in as a digest of one length, so no two pairs can run together.
    const parts = [password, passwordHash].map((part) => hash('sha256', part, 'buffer'));
    return createHmac('sha256', key).update(Buffer.concat(parts)).digest('base64');
  };

  /** In a line that all stand in, whoever exists or not: who is refused learns nothing by time. */
  const refuse = async (hash: string, source: string): Promise<'mismatch' | 'busy'> => {
    const end = await refusals.run(source, () => durations.pass(hash));
    return end === 'dropped' ? 'busy' : 'mismatch';
  };

  /** Only what somebody may have takes a real hash: names that nobody has keep nobody waiting. */
  const compute = async (id: string, password: string, hash: string, source: string) => {
    const refusal = refuse(hash, source);
    refusal.catch(() => undefined); // nobody may come to wait for it
    const isMatch = await hashes.run(source, () => durations.verify(password, hash));
    if (isMatch === 'dropped') return 'busy';
    if (!isMatch) return await refusal;
    matches.set(id, true);
    return 'match';
  };

  return {
    isKnown: (password, hash) => matches.has(digest(password, hash)),
    isUnderWay: (password, hash) => underWay.has(digest(password, hash)),
    async verify(password, hash, source = '', owner = 'user') {
      const id = digest(password, hash);
      if (matches.get(id)) return 'match';
      const running = underWay.get(id);
      if (running !== undefined) return running;
      const begin = owner === 'user' ? compute(id, password, hash, source) : refuse(hash, source);
      const started = begin.finally(() => underWay.delete(id));
      underWay.set(id, started);
      return started;
    },
  };
}
