import type { Request, Response } from 'express';

interface RunQuery {
  readonly isDryRun: boolean;
  readonly names: readonly string[];
}

/** What may stand in the query of a run beside `dry_run`. */
interface QueryOptions {
  /** A member that may come several times, each with a name. */
  readonly list?: string;
}

interface RunRequest {
  readonly isDryRun: boolean;
  /** Of the list. */
  readonly names: readonly string[];
  /** Writes a line of the answer. */
  readonly say: (line: object) => void;
  /** Ends the run early: who asked for it has left. */
  readonly signal: AbortSignal;
}

/** What a run came to. */
interface RunEnd {
  readonly isDone: boolean;
  readonly isDryRun: boolean;
  /** What it tells of itself beside. */
  readonly counts: object;
  /** Why it ended early, if it did. */
  readonly endedEarly: string | undefined;
}

/** Why nothing was done: what was asked for cannot be. */
interface RunRefusal {
  readonly refused: string;
}

/**
 * Answers with a line of JSON for each group, as it is deleted, and a last one for the whole run.
 * 503 when it ended early before anything was said; 400 for what cannot be asked.
 */
export async function answerRun(
  req: Request,
  res: Response,
  options: QueryOptions,
  work: (asked: RunRequest) => Promise<RunEnd | RunRefusal>,
): Promise<void> {
  const at = req.url.indexOf('?');
  const query = readQuery(at === -1 ? '' : req.url.slice(at + 1), options);
  if (query === undefined) {
    const { list } = options;
    const more = list === undefined ? '' : `, ${list}=NAME any number of times`;
    refuse(res, `the query must be dry_run=true or dry_run=false${more}, or left out`);
    return;
  }
  req.socket.setTimeout(0); // there may be long pauses between two deletions
  res.set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const leaving = new AbortController();
  res.once('close', () => leaving.abort());
  const say = (line: object): void => void res.write(`${JSON.stringify(line)}\n`);
  const end = await work({ ...query, say, signal: leaving.signal });
  if ('refused' in end) {
    refuse(res, end.refused);
    return;
  }
  if (!res.headersSent && end.endedEarly !== undefined) res.status(503);
  say(describeEnd(end));
  res.end();
}

function refuse(res: Response, why: string): void {
  const text = `${why}; nothing was done\n`;
  res.status(400).set('content-type', 'text/plain; charset=utf-8').end(text);
}

function describeEnd({ isDone, isDryRun, counts, endedEarly }: RunEnd): object {
  return {
    status: isDone ? 'success' : 'error',
    dry_run: isDryRun,
    ...counts,
    ...(endedEarly !== undefined && { ended_early: endedEarly }),
  };
}

/** Deleting takes no default for what it does not understand. */
function readQuery(text: string, { list }: QueryOptions): RunQuery | undefined {
  const names: string[] = [];
  const dry: string[] = [];
  for (const [member, value] of text === '' ? [] : new URLSearchParams(text)) {
    if (member === 'dry_run' && (value === 'true' || value === 'false')) dry.push(value);
    else if (member === list && value !== '') names.push(value);
    else return undefined;
  }
  return dry.length > 1 ? undefined : { isDryRun: dry[0] === 'true', names };
}
