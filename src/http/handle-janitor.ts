import type { Request, Response } from 'express';
import type { ExpiredGroup, ExpiryRun } from '../core/store/expiry-run.ts';

/** Runs the janitor by hand. */
export type RunJanitor = (asked: {
  readonly isDryRun: boolean;
  /** Told of each group that was deleted, in a dry run of each that would be. */
  readonly onExpired: (group: ExpiredGroup) => void;
  /** Ends the run early: who asked for it has left. */
  readonly signal: AbortSignal;
}) => Promise<ExpiryRun & { readonly isDryRun: boolean }>;

/** Deleting takes no default for what it does not understand. */
const QUERIES: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['dry_run=false', false],
  ['dry_run=true', true],
]);

/**
 * Answers with a line of JSON for each group, as it is deleted, and a last one for the whole run.
 * 503 when it ended early before anything was deleted.
 */
export async function handleJanitor(
  req: Request,
  res: Response,
  runJanitor: RunJanitor,
): Promise<void> {
  const isDryRun = QUERIES.get(queryOf(req.url));
  if (isDryRun === undefined) {
    const text = 'the query must be dry_run=true or dry_run=false, or left out; nothing was done\n';
    res.status(400).set('content-type', 'text/plain; charset=utf-8').end(text);
    return;
  }
  req.socket.setTimeout(0); // there may be long pauses between two deletions
  res.set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const leaving = new AbortController();
  res.once('close', () => leaving.abort());
  const say = (line: object): void => void res.write(`${JSON.stringify(line)}\n`);
  const end = await runJanitor({
    isDryRun,
    signal: leaving.signal,
    onExpired: (group) => say(describeExpired(group)),
  });
  if (!res.headersSent && end.endedEarly !== undefined) res.status(503);
  say(describeRun(end));
  res.end();
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at + 1);
}

function describeExpired({ id, team, job, groupingKey, ageSeconds, series }: ExpiredGroup): object {
  return { target: id, team, job, grouping_key: groupingKey, age_seconds: ageSeconds, series };
}

function describeRun(end: ExpiryRun & { readonly isDryRun: boolean }): object {
  const { isDryRun, due, deleted, kept, refused, endedEarly } = end;
  return {
    status: endedEarly === undefined && refused === 0 ? 'success' : 'error',
    dry_run: isDryRun,
    ...{ due, deleted, kept, refused },
    ...(endedEarly !== undefined && { ended_early: endedEarly }),
  };
}
