import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A load of pushes over keep-alive connections. */
export interface Load {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
  /** Groups to push to in turns, their number at the end of the path; left out: the one of `url`. */
  readonly groups?: number;
}

/** What came of it. */
export interface LoadResult {
  readonly pushes: number;
  readonly pushesPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Answers that were no 2xx, and connections that failed. */
  readonly failures: number;
}

const run = promisify(execFile);
const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/**
 * Pushes with wrk for some time.
 * @param script - where the Lua script may be written
 */
export async function push(load: Load, writeScript: (lua: string) => Promise<string>) {
  const header = load.authorization
    ? `wrk.headers["Authorization"] = ${JSON.stringify(load.authorization)}\n`
    : '';
  const lua = `wrk.method = "POST"\nwrk.body = ${JSON.stringify(load.body)}\n${header}`;
  const script = await writeScript(load.groups === undefined ? lua : lua + pushInTurns(load));
  const { connections, seconds, url } = load;
  const { stdout } = await run('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, url],
  ]);
  return parseReport(stdout, seconds);
}

function pushInTurns({ url, groups = 1 }: Load): string {
  const { pathname } = new URL(url);
  return `local at = 0
request = function()
  at = (at + 7919) % ${groups}
  return wrk.format(nil, ${JSON.stringify(pathname)} .. at)
end
`;
}

function parseReport(report: string, seconds: number): LoadResult {
  const pushes = Number(/(\d+) requests in/.exec(report)?.[1] ?? 0);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    report,
  );
  const broken = errors?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0;
  return {
    pushes,
    pushesPerSecond: pushes / seconds,
    p50: readPercentile(report, 50),
    p99: readPercentile(report, 99),
    failures: refused + broken,
  };
}

/** Milliseconds. */
function readPercentile(report: string, percent: number): number {
  const line = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(report);
  const [, value = '0', unit = 'ms'] = line ?? [];
  return Number(value) * (UNITS[unit] ?? 1);
}
