import { readFile } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import { GatewayError } from '../core/errors.ts';
import { checkFiles, listFiles } from './check-files.ts';
import { checkConfig } from './checks.ts';
import { parseSource, type SourceDocument } from './engine/document.ts';
import { fillInstance } from './engine/instance.ts';
import { describeIssues, type IssueFinding } from './engine/issues.ts';
import { type Finding, type Problem, renderPath, renderProblem } from './engine/problem.ts';
import { salvage } from './engine/salvage.ts';
import { describeReadError } from './engine/secrets.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { resolveConfig } from './resolve.ts';
import { configSchema, type RawConfig } from './schema.ts';

/** What loading a configuration came to. */
export type LoadResult =
  | {
      readonly ok: true;
      readonly config: GatewayConfig;
      readonly warnings: readonly Problem[];
      /** The files that the configuration names, absolute. */
      readonly files: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

interface LoadOptions {
  /** Milliseconds since the epoch, for what has expired. */
  readonly now: number;
  /** False leaves secrets and the files that they are in unread. */
  readonly readsSecrets?: boolean;
  /** The name of the gateway among several that have the configuration. */
  readonly instance?: string | undefined;
  /** Whether a gateway will run with it: a name that is asked for must be given. */
  readonly isServing?: boolean;
}

/**
 * Loads a configuration file: parses, checks, completes. Never rejects for what is in the file:
 * every problem is found at once, a file that is missing included.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const read = await readConfigFile(file);
  if ('message' in read) return { ok: false, problems: [atStart(file, read.message)] };
  const { text } = read;
  const document = parseSource(text);
  const broken = document.errors.map(
    (error): Problem => ({ ...error, severity: 'error', file, path: renderPath(error.path) }),
  );
  if (document.data === undefined) return { ok: false, problems: broken };
  const { now, readsSecrets = true } = options;
  const directory = dirname(resolvePath(file));
  const { data, findings: unnamed } = fillInstance(document.data, options);
  const check = (config: RawConfig): readonly Finding[] => [
    ...unnamed,
    ...checkConfig(config, now),
    ...(readsSecrets ? checkFiles(config, directory, now) : []),
  ];
  const parsed = configSchema.safeParse(data ?? {});
  const findings = parsed.success
    ? check(parsed.data)
    : findAll(data, describeIssues(parsed.error.issues, configSchema), check);
  const problems = [...broken, ...place(findings, document, file)].sort(byPosition).filter(isFirst);
  if (!parsed.success || problems.some(({ severity }) => severity === 'error')) {
    return { ok: false, problems };
  }
  const source = { directory, text, readsSecrets, instance: options.instance };
  try {
    const config = resolveConfig(parsed.data, source);
    return { ok: true, config, warnings: problems, files: listFiles(parsed.data, directory) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ok: false, problems: [...problems, atStart(file, error.message)] };
  }
}

/** What must be there. */
const STAND_INS = [
  { path: ['teams'], value: {} },
  { path: ['teams', '*', 'jobs'], value: ['*'] },
];

/** What the schema found, and what the checks find in the rest. */
function findAll(
  data: unknown,
  found: readonly IssueFinding[],
  check: (config: RawConfig) => readonly Finding[],
): readonly IssueFinding[] {
  const rest = salvage(data, configSchema, STAND_INS);
  if (rest === undefined) return found;
  // Nothing overlaps with jobs that nobody wrote.
  const teams = Object.entries(rest.data.teams).map(([name, team]) => [
    name,
    rest.isMissing(['teams', name, 'jobs']) ? { ...team, jobs: [] } : team,
  ]);
  const more = check({ ...rest.data, teams: Object.fromEntries(teams) })
    .map((finding) => ({ ...finding, path: rest.restore(finding.path) }))
    .filter(({ path }) => !rest.isMissing(path))
    // What was taken out may be just what a warning misses.
    .filter(({ path, severity }) => severity === 'error' || !rest.isIncomplete(path));
  return [...found, ...more];
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function readConfigFile(
  file: string,
): Promise<{ readonly text: string } | { readonly message: string }> {
  try {
    return { text: UTF8.decode(await readFile(file)) };
  } catch (error) {
    if (error instanceof TypeError) return { message: 'the file is not UTF-8' };
    return { message: `cannot read the file: ${describeReadError(error)}` };
  }
}

function atStart(file: string, message: string): Problem {
  return { severity: 'error', file, line: 1, column: 1, path: '', message };
}

function place(
  findings: readonly IssueFinding[],
  document: SourceDocument,
  file: string,
): readonly Problem[] {
  return findings.map(({ severity, path, key, message }) => {
    const position = key === undefined ? document.locate(path) : document.locateKey(path, key);
    const whole = key === undefined ? path : [...path, key];
    return { severity, file, ...position, path: renderPath(whole), message };
  });
}

function byPosition(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

/** Two rules of the schema can say the same about one value. */
function isFirst(problem: Problem, index: number, sorted: readonly Problem[]): boolean {
  const before = sorted[index - 1];
  return before === undefined || renderProblem(before) !== renderProblem(problem);
}
