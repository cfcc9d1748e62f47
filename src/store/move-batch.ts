import { messageOf } from '../core/errors.ts';
import type { GroupContent } from '../core/store/group-content.ts';
import { confirmCopies } from './confirm-copies.ts';
import { type Carrying, copyGroup, finishMove, takeBack } from './move-group.ts';
import {
  type Move,
  planMove,
  type RebalanceOptions,
  type RebalanceProgress,
  readContents,
} from './plan-move.ts';

/** Groups that are sent at once: the connections are those of the pushes too. */
const AT_ONCE = 8;

const GONE = 'somebody has deleted it past the gateway';
const ODD = 'it holds what cannot be carried over, such as bytes that are no text';

/**
 * Moves groups that have one source and one home, all of them together: what is pushed to them waits
 * until the end.
 * @returns those to which pushes are under way for longer, and those that are to go another way
 */
export async function moveBatch(
  options: RebalanceOptions,
  moves: readonly Move[],
  progress: RebalanceProgress,
  waitMs: number,
): Promise<readonly Move[]> {
  const taken = await Promise.all(
    moves.map(async (move) => ({ move, hold: await options.gate.hold(move.group.id, waitMs) })),
  );
  try {
    const held = taken.flatMap(({ move, hold }) => (hold === undefined ? [] : move));
    const busy = taken.flatMap(({ move, hold }) => (hold === undefined ? move : []));
    const { same, other } = planAgain(options, held, progress);
    await moveHeld(options, same, progress);
    return [...busy, ...other];
  } finally {
    for (const { hold } of taken) hold?.[Symbol.dispose]();
  }
}

/** Now that nobody pushes to them: those that are to go the same way, and those that are not. */
function planAgain(
  options: RebalanceOptions,
  held: readonly Move[],
  { noteGone }: RebalanceProgress,
) {
  const same: Move[] = [];
  const other: Move[] = [];
  for (const { group, source, home, others } of held) {
    const now = planMove(options, group.id);
    if (now === undefined) {
      noteGone(); // deleted, or where it belongs
      continue;
    }
    const isSame =
      now.source === source && now.home === home && now.others.length === others.length;
    (isSame ? same : other).push(now);
  }
  return { same, other };
}

async function moveHeld(
  options: RebalanceOptions,
  moves: readonly Move[],
  progress: RebalanceProgress,
): Promise<void> {
  const { end } = progress;
  const contents = await readSources(moves, progress);
  if (contents === undefined) return;
  const carrying = moves.flatMap((move): readonly Carrying[] => {
    if (move.source === move.home) return [{ move }];
    const content = contents.get(move.group.id);
    if (content?.isWhole === true) return [{ move, content }];
    end({ ...move.group, end: 'kept', detail: content === undefined ? GONE : ODD });
    return [];
  });
  const copied = await inTurns(carrying, (one) => copyGroup(options, one, progress));
  const carried = copied.done.filter((one) => one !== undefined);
  const problems = await confirmCopies(options, carried, progress);
  const finished = await inTurns(carried, async (one) => {
    const problem = problems.get(one);
    if (problem === undefined) await finishMove(options, one, progress);
    else await takeBack(options, one, { end: 'kept', detail: problem }, progress);
  });
  for (const error of [...copied.errors, ...finished.errors]) throw error;
}

/** Undefined when they cannot be read: then nothing is moved. */
async function readSources(
  moves: readonly Move[],
  { problems, end }: RebalanceProgress,
): Promise<ReadonlyMap<string, GroupContent> | undefined> {
  const copying = moves.filter(({ source, home }) => source !== home);
  const [first] = copying;
  if (first === undefined) return new Map();
  const { source } = first;
  const ids = copying.map(({ group }) => group.id);
  try {
    return await readContents(source, ids, true);
  } catch (error) {
    const why = messageOf(error);
    problems.set(source, why);
    for (const { group } of moves) end({ ...group, end: 'kept', detail: why });
    return undefined;
  }
}

/** Does a work for each, some at once; one that fails ends none of the others. */
async function inTurns<T, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<{ readonly done: readonly R[]; readonly errors: readonly unknown[] }> {
  const done: R[] = [];
  const errors: unknown[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const ends = await Promise.allSettled(all.slice(at, at + AT_ONCE).map(work));
    for (const end of ends) {
      if (end.status === 'fulfilled') done.push(end.value);
      else errors.push(end.reason);
    }
  }
  return { done, errors };
}
