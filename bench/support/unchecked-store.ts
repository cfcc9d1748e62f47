import { allow } from '../../src/core/decision.ts';
import type { GroupClaim, GroupStore } from '../../src/core/store/group-store.ts';
import type { FollowedStore } from '../../src/store/followed-store.ts';

const CLAIM: GroupClaim = { adopted: [], settle: async () => {} };

/** Knows nothing and takes everything. */
const STORE: GroupStore = {
  claim: async () => allow(CLAIM),
  claimDelete: async () => CLAIM,
  startReading: () => {
    throw new TypeError('there is nothing to read into');
  },
  group: () => undefined,
  groups: () => [],
  totals: () => ({ groups: 0, series: 0, bytes: 0 }),
  familyLines: () => new Map(),
  doubt: () => undefined,
  size: () => 0,
  assignOwners: async () => {},
};

/** What `no-checks.ts` puts in the place of the store that the gateway follows. */
export function createFollowedStore(): FollowedStore {
  return {
    store: STORE,
    isReady: () => true,
    takesPushes: () => true,
    isAwayButKnown: () => false,
    suppose: async () => undefined,
    whenKnown: async () => allow(undefined),
    probe: async () => true,
    poll: async () => true,
    noteOutcome: () => {},
    noteDisconnect: () => {},
    tidy: async () => false,
    renew: async () => true,
    expire: async () => ({ kind: 'kept' }),
    expiryTime: { now: () => Date.now() },
    reader: () => undefined,
    readBy: () => {},
  };
}
