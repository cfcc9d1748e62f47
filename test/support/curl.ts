import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';

/** What a run of the real curl saw. */
export interface CurlResult {
  /** 0 when there was no answer. */
  readonly status: number;
  /** Lower-case names, values in the order sent. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly exitCode: number | null;
  /** What curl complained about. */
  readonly errors: string;
}

/** Separates curl's own messages from what `--write-out` adds to stderr. */
const MARK = '\n--- answer ---\n';

/**
 * Runs curl with `args`, giving it `input` on stdin; the user's own `.curlrc` is not read.
 *
 * @param args - as on the command line, without `curl`.
 */
export async function curl(args: readonly string[], input?: string | Buffer): Promise<CurlResult> {
  const writeOut = `%{stderr}${MARK}%{http_code}\n%{header_json}`;
  const child = spawn('curl', ['-q', '--silent', '--show-error', '--write-out', writeOut, ...args]);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [body, stderr, exitCode] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    exit,
  ]);
  const [errors = '', answer = '0\n{}'] = stderr.split(MARK);
  const lineEnd = answer.indexOf('\n');
  return {
    status: Number(answer.slice(0, lineEnd)),
    headers: JSON.parse(answer.slice(lineEnd)),
    body: body.toString(),
    exitCode,
    errors: errors.trim(),
  };
}
