import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupContent } from '../core/store/group-content.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Carried } from './move-group.ts';
import {
  type RebalancedStore,
  type RebalanceOptions,
  type RebalanceProgress,
  readContents,
} from './plan-move.ts';

/** An unchecked Pushgateway has a push done after it has answered it: behind a scrape that takes long. */
const DONE_MS = 10_000;
const LOOK_AGAIN_MS = 100;

const NOT_SEEN = 'the other Pushgateway does not show it';
const PUSHED = 'somebody pushes to it past the gateway';

/**
 * Looks whether groups that were sent are in their new store, and still as they were read in the old
 * one: before they are deleted there.
 * @returns why one may not be
 */
export async function confirmCopies(
  { clock }: Pick<RebalanceOptions, 'clock'>,
  carried: readonly Carried[],
  { problems }: RebalanceProgress,
): Promise<ReadonlyMap<Carried, string>> {
  const copies = carried.filter(({ content }) => content !== undefined);
  const [first] = copies;
  if (first === undefined) return new Map();
  const { source, home } = first.move;
  const fail = (store: RebalancedStore, error: unknown): readonly Carried[] => {
    problems.set(store, messageOf(error));
    return copies;
  };
  const [unseen, changed] = await Promise.all([
    findUnseen(copies, home, clock).catch((error: unknown) => fail(home, error)),
    findChanged(copies, source).catch((error: unknown) => fail(source, error)),
  ]);
  if (unseen.length > 0 && !problems.has(home)) problems.set(home, NOT_SEEN);
  return new Map([
    ...changed.map((one) => [one, problems.get(source) ?? PUSHED] as const),
    ...unseen.map((one) => [one, problems.get(home) ?? NOT_SEEN] as const),
  ]);
}

/** Those that do not come to be there. One that was answered with 200 is. */
async function findUnseen(
  copies: readonly Carried[],
  home: RebalancedStore,
  clock: Pick<Clock, 'monotonic'>,
): Promise<readonly Carried[]> {
  let unseen = copies.filter(({ status }) => status !== 200);
  const until = clock.monotonic() + DONE_MS;
  for (let waitMs = LOOK_AGAIN_MS; unseen.length > 0; waitMs *= 2) {
    const now = await listNow(unseen, home);
    unseen = unseen.filter((one) => !isCopyOf(now.get(one.move.group.id), one));
    if (clock.monotonic() + waitMs > until) break;
    if (unseen.length > 0) await delay(waitMs, undefined, { ref: false });
  }
  return unseen;
}

/** A copy of an earlier move has another time than this one has got. */
function isCopyOf(seen: GroupContent | undefined, { before, content }: Carried): boolean {
  if (seen === undefined || seen.pushedAt === before?.pushedAt) return false;
  return countSeries(seen) === (content === undefined ? 0 : countSeries(content));
}

function countSeries({ families }: GroupContent): number {
  return families.reduce((sum, { series }) => sum + series, 0);
}

async function findChanged(
  copies: readonly Carried[],
  source: RebalancedStore,
): Promise<readonly Carried[]> {
  const now = await listNow(copies, source);
  return copies.filter(({ move, content }) => {
    const seen = now.get(move.group.id);
    return seen?.pushedAt !== content?.pushedAt || seen?.failedAt !== content?.failedAt;
  });
}

function listNow(
  carried: readonly Carried[],
  store: RebalancedStore,
): Promise<ReadonlyMap<GroupId, GroupContent>> {
  const ids = carried.map(({ move }) => move.group.id);
  return readContents(store, ids, false);
}
