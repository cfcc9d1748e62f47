import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import type { GroupId } from '../core/store/group.ts';
import type { MovedGroup, RebalanceRun } from '../core/store/rebalance-run.ts';
import { moveBatch } from './move-batch.ts';
import { AWAY } from './own-delete.ts';
import {
  type Move,
  planMove,
  type RebalancedStore,
  type RebalanceOptions,
  type RebalanceProgress,
} from './plan-move.ts';

/** Pushes to as many groups wait at once, for as long as they are read, sent and looked at. */
const MOST_GROUPS = 100;
const MOST_BYTES = 8 * 1024 * 1024;
/** Groups that are looked at before others go on. */
const SLICE = 200;
/** For pushes to a group that are under way: first beside others, then alone. */
const FIRST_WAIT_MS = 1000;
const LAST_WAIT_MS = 15_000;

/**
 * Moves every group that lies elsewhere than where it belongs: it is copied as it is, looked for in
 * the other store, and deleted from the first, while pushes to it wait. A run that was broken off is
 * finished by the next one. Never rejects.
 */
export async function runRebalance(options: RebalanceOptions): Promise<RebalanceRun> {
  const { stores, isDryRun, onMoved } = options;
  const counts = { due: 0, moved: 0, kept: 0, refused: 0, copied: 0 };
  const problems = new Map<RebalancedStore, string>();
  const end = (group: MovedGroup): void => {
    if (group.end !== 'found') counts[group.end] += 1;
    onMoved(group);
  };
  const noteGone = (): void => {
    counts.due -= 1;
  };
  let endedEarly: string | undefined;
  try {
    await Promise.all(
      stores.map(async (store) => {
        if (!(await store.followed.renew())) problems.set(store, AWAY);
      }),
    );
    const moves = await listMoves(options);
    counts.due = moves.length;
    if (isDryRun) for (const { group } of moves) end({ ...group, end: 'found' });
    else endedEarly = await moveAll(options, moves, { problems, end, noteGone });
  } catch (error) {
    endedEarly = messageOf(error);
  }
  const reasons = [...problems].map(([{ name }, problem]) => `${name}: ${problem}`);
  const all = endedEarly === undefined ? reasons : [...reasons, endedEarly];
  return { ...counts, endedEarly: all.length === 0 ? undefined : all.join('; ') };
}

/** Each group once, however many have it. */
async function listMoves(options: RebalanceOptions): Promise<readonly Move[]> {
  const moves = new Map<GroupId, Move>();
  let looked = 0;
  for (const { followed } of options.stores) {
    for (const { id } of followed.store.groups()) {
      const move = moves.has(id) ? undefined : planMove(options, id);
      if (move !== undefined) moves.set(id, move);
      looked += 1;
      if (looked % SLICE === 0) await nextTurn();
    }
  }
  return [...moves.values()];
}

/** @returns why it ended early, but for stores that have failed */
async function moveAll(
  options: RebalanceOptions,
  moves: readonly Move[],
  progress: RebalanceProgress,
): Promise<string | undefined> {
  const busy: Move[] = [];
  for (const batch of cutBatches(moves)) {
    const over = options.isOver();
    if (over !== undefined) return over;
    busy.push(...(await moveSome(options, batch, progress, FIRST_WAIT_MS)));
  }
  for (const move of busy) {
    const over = options.isOver();
    if (over !== undefined) return over;
    const [still] = await moveSome(options, [move], progress, LAST_WAIT_MS);
    if (still !== undefined) progress.end({ ...still.group, end: 'kept', detail: IN_USE });
  }
  return undefined;
}

const IN_USE = 'pushes to it do not end';

/** @returns those that are in use, or are to go another way than before */
async function moveSome(
  options: RebalanceOptions,
  moves: readonly Move[],
  progress: RebalanceProgress,
  waitMs: number,
): Promise<readonly Move[]> {
  const { problems, end } = progress;
  const isBroken = ({ home, source, others }: Move): boolean =>
    [home, source, ...others].some((store) => problems.has(store));
  for (const { group } of moves.filter(isBroken)) {
    end({ ...group, end: 'kept', detail: 'one of its Pushgateways is away' });
  }
  const able = moves.filter((move) => !isBroken(move));
  if (able.length === 0) return [];
  return await options.undisturbed(async () => {
    if (options.isOver() === undefined) return await moveBatch(options, able, progress, waitMs);
    for (const { group } of able) end({ ...group, end: 'kept' });
    return [];
  });
}

/** Groups that go the same way, few enough that pushes to them do not wait for long. */
function cutBatches(moves: readonly Move[]): readonly (readonly Move[])[] {
  const ways = new Map<string, Move[][]>();
  const sizes = new Map<string, number>();
  for (const move of moves) {
    const { source, home, group } = move;
    const way = `${source.name} ${home.name}`;
    const bytes = source.followed.store.group(group.id)?.bytes ?? 0;
    const batches = ways.get(way) ?? [];
    ways.set(way, batches);
    const last = batches.at(-1);
    const size = (sizes.get(way) ?? 0) + bytes;
    if (last !== undefined && last.length < MOST_GROUPS && size <= MOST_BYTES) {
      last.push(move);
      sizes.set(way, size);
    } else {
      batches.push([move]);
      sizes.set(way, bytes);
    }
  }
  return [...ways.values()].flat();
}
