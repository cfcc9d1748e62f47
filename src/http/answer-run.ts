import type { Request, Response } from 'express';

/** Deleting takes no default for what it does not understand. */
const QUERIES: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['dry_run=false', false],
  ['dry_run=true', true],
]);

interface RunRequest {
  readonly isDryRun: boolean;
  /** Writes a line of the answer. */
  readonly say: (line: object) => void;
  /** Ends the run early: who asked for it has left. */
  readonly signal: AbortSignal;
}

/**
 * Answers with a line of JSON for each group, as it is deleted, and a last one for the whole run.
 * 503 when it ended early before anything was said.
 * @param work - resolves to the last line
 */
export async function answerRun(
  req: Request,
  res: Response,
  work: (asked: RunRequest) => Promise<object & { readonly ended_early?: string }>,
): Promise<void> {
  const at = req.url.indexOf('?');
  const isDryRun = QUERIES.get(at === -1 ? '' : req.url.slice(at + 1));
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
  const end = await work({ isDryRun, say, signal: leaving.signal });
  if (!res.headersSent && end.ended_early !== undefined) res.status(503);
  say(end);
  res.end();
}
