import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessions } from '../../src/http/page/sessions.ts';
import type { Snapshot } from '../../src/pipeline/snapshot.ts';
import { createMemorySessionStore } from '../../src/state/memory/session-store.ts';
import { manualClock } from '../support/manual-clock.ts';

/**
 * The attack: sign in to the page again and again with a credential that is one's own. There is room
 * for so many sessions, the oldest went first, and so everybody else was signed out.
 */
const facts = (team: string) =>
  ({ team, name: 'nightly', kind: 'token', expires: undefined, identity: team }) as const;
const SNAPSHOT: Pick<Snapshot, 'ui' | 'credentials'> = {
  ui: { sessionMs: 60_000, url: undefined, contact: undefined },
  credentials: [facts('payments'), facts('crowd')],
};

test('a team that signs in ten thousand times ends no session but its own', async () => {
  const sessions = createSessions(() => SNAPSHOT, manualClock(), createMemorySessionStore());
  const begin = async (team: string): Promise<string> =>
    (await sessions.begin({ team, credential: 'nightly', scheme: 'token' })) ?? assert.fail();
  const other = await begin('payments');
  const first = await begin('crowd');
  let last = first;
  for (let count = 0; count < 10_000; count += 1) last = await begin('crowd');
  assert.notEqual(await sessions.find(other), undefined);
  assert.notEqual(await sessions.find(last), undefined);
  assert.equal(await sessions.find(first), undefined);
});
