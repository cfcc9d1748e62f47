import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createFairQueue } from '../threads/fair-queue.ts';
import { verifyInThread } from './hashing-threads.ts';

/** Verifies passwords without letting them take the machine. */
export interface PasswordVerifier {
  /** Whether the pair was found right before: then verifying costs nothing. */
  isKnown(password: string, hash: string): boolean;
  /** Whether the pair is being verified for somebody: who verifies it now gets that result. */
  isUnderWay(password: string, hash: string): boolean;
  /**
   * `busy`: too many hashes wait already.
   * @param source - who asks; those who ask more wait for one another, not the others for them
   */
  verify(password: string, hash: string, source?: string): Promise<'match' | 'mismatch' | 'busy'>;
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
  const queue = createFairQueue({ parallel, maxWaiting: MAX_QUEUE });

  const digest = (password: string, passwordHash: string): string => {
    // Each part goes in as a digest of one length, so no two pairs can run together.
    const parts = [password, passwordHash].map((part) => hash('sha256', part, 'buffer'));
    return createHmac('sha256', key).update(Buffer.concat(parts)).digest('base64');
  };

  const compute = async (id: string, password: string, hash: string, source: string) => {
    try {
      const isMatch = await queue.run(source, () => verifyInThread(password, hash));
      if (isMatch === 'dropped') return 'busy';
      if (isMatch) matches.set(id, true);
      return isMatch ? 'match' : 'mismatch';
    } finally {
      underWay.delete(id);
    }
  };

  return {
    isKnown: (password, hash) => matches.has(digest(password, hash)),
    isUnderWay: (password, hash) => underWay.has(digest(password, hash)),
    async verify(password, hash, source = '') {
      const id = digest(password, hash);
      if (matches.get(id)) return 'match';
      const running = underWay.get(id);
      if (running !== undefined) return running;
      const started = compute(id, password, hash, source);
      underWay.set(id, started);
      return started;
    },
  };
}
