import type { Request, Response } from 'express';
import type { MovedGroup, RebalanceRun } from '../core/store/rebalance-run.ts';
import { answerRun } from './answer-run.ts';

/** What is wrong with names of Pushgateways; nothing was done. */
interface WrongNames {
  readonly wrongNames: string;
}

/** Moves groups to where they belong by the configuration in use. */
export type RunRebalance = (asked: {
  readonly isDryRun: boolean;
  /** Names of Pushgateways that get no more groups, and lose those that they have. */
  readonly awayFrom: readonly string[];
  readonly onMoved: (group: MovedGroup) => void;
  /** Ends the run early: who asked for it has left. */
  readonly signal: AbortSignal;
}) => Promise<RebalanceRun | WrongNames>;

/** Runs the rebalance for who asks on the admin side. */
export async function handleRebalance(
  req: Request,
  res: Response,
  runRebalance: RunRebalance,
): Promise<void> {
  const list = 'away_from';
  await answerRun(req, res, { list }, async ({ isDryRun, names, say, signal }) => {
    const onMoved = (group: MovedGroup): void => say(describeMoved(group));
    const asked = { isDryRun, awayFrom: names, onMoved, signal };
    const run = await runRebalance(asked);
    if ('wrongNames' in run) return { refused: `${list}: ${run.wrongNames}` };
    const { endedEarly, ...counts } = run;
    const isDone = endedEarly === undefined && (isDryRun || counts.moved === counts.due);
    return { isDone, isDryRun, counts, endedEarly };
  });
}

function describeMoved({ id, team, job, groupingKey, ...group }: MovedGroup): object {
  const { from, to, series, end, detail } = group;
  const key = { target: id, team: team ?? null, job, grouping_key: groupingKey };
  return { ...key, from, to, series, end, ...(detail !== undefined && { detail }) };
}
