import type { Request, Response } from 'express';
import type { QuarantinedGroup, QuarantineRun } from '../core/store/quarantine-run.ts';
import { labelsByName } from '../core/target/grouping-key.ts';
import { answerRun } from './answer-run.ts';

/** Looks for the groups that break the scrape, and deletes them unless it is a dry run. */
export type RunQuarantine = (asked: {
  readonly isDryRun: boolean;
  readonly onFound: (group: QuarantinedGroup) => void;
  readonly signal: AbortSignal;
}) => Promise<QuarantineRun>;

/** Runs the quarantine for who asks on the admin side. */
export async function handleQuarantine(
  req: Request,
  res: Response,
  runQuarantine: RunQuarantine,
): Promise<void> {
  await answerRun(req, res, {}, async ({ isDryRun, say, signal }) => {
    const onFound = (group: QuarantinedGroup): void => say(describeGroup(group));
    const { endedEarly, isWhole, ...counts } = await runQuarantine({ isDryRun, onFound, signal });
    const isDone = endedEarly === undefined && (isDryRun || isWhole);
    return { isDone, isDryRun, counts: { ...counts, scrape_whole: isWhole }, endedEarly };
  });
}

function describeGroup({ team, job, labels, ...group }: QuarantinedGroup): object {
  const { target, problem, series, end } = group;
  const grouping_key = labelsByName(labels);
  return { target, team: team ?? null, job, grouping_key, series, problem, end };
}
