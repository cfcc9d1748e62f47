import type { Request, Response } from 'express';
import type { ExpiredGroup, ExpiryRun } from '../core/store/expiry-run.ts';
import { answerRun } from './answer-run.ts';

/** Runs the janitor by hand. */
export type RunJanitor = (asked: {
  readonly isDryRun: boolean;
  /** Told of each group that was deleted, in a dry run of each that would be. */
  readonly onExpired: (group: ExpiredGroup) => void;
  /** Ends the run early: who asked for it has left. */
  readonly signal: AbortSignal;
}) => Promise<ExpiryRun & { readonly isDryRun: boolean }>;

/** Runs the janitor for who asks on the admin side. */
export async function handleJanitor(
  req: Request,
  res: Response,
  runJanitor: RunJanitor,
): Promise<void> {
  await answerRun(req, res, {}, async ({ isDryRun, say, signal }) => {
    const onExpired = (group: ExpiredGroup): void => say(describeExpired(group));
    const end = await runJanitor({ isDryRun, signal, onExpired });
    const { due, deleted, kept, refused, endedEarly } = end;
    const counts = { due, deleted, kept, refused };
    const isDone = endedEarly === undefined && refused === 0;
    return { isDone, isDryRun: end.isDryRun, counts, endedEarly };
  });
}

function describeExpired({ id, team, job, groupingKey, ageSeconds, series }: ExpiredGroup): object {
  return { target: id, team, job, grouping_key: groupingKey, age_seconds: ageSeconds, series };
}
