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

/**
 * Answers with a line of JSON for each group, as it is deleted, and a last one for the whole run.
 * 503 when it ended early before anything was said.
 */
export async function answerRun(
  req: Request,
  res: Response,
  options: QueryOptions,
  work: (asked: RunRequest) => Promise<RunEnd>,
): Promise<void> {
  const at = req.url.indexOf('?');
  const query = readQuery(at === -1 ? '' : req.url.slice(at + 1), options);
  if (query === undefined) {
    const { list } = options;
    const more = list === undefined ? '' : `, ${list}=NAME any number of times`;
    const text = `the query must be dry_run=true or dry_run=false${more}, or left out; nothing was done\n`;
    res.status(400).set('content-type', 'text/plain; charset=utf-8').end(text);
    return;
  }
  req.socket.setTimeout(0); // there may be long pauses between two deletions
  res.set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const leaving = new AbortController();
  res.once('close', () => leaving.abort());
  const say = (line: object): void => void res.write(`${JSON.stringify(line)}\n`);
  const end = await work({ ...query, say, signal: leaving.signal });
  if (!res.headersSent && end.endedEarly !== undefined) res.status(503);
  say(describeEnd(end));
  res.end();
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
