import { readFile } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import { GatewayError } from '../core/errors.ts';
import { checkConfig } from './checks.ts';
import { parseSource, type SourceDocument } from './document.ts';
import { describeIssues, type IssueFinding } from './issues.ts';
import { type Problem, renderPath } from './problem.ts';
import { resolveConfig } from './resolve.ts';
import { salvageConfig } from './salvage.ts';
import { configSchema } from './schema.ts';
import type { GatewayConfig } from './types.ts';

/** What loading a configuration came to. */
export type LoadResult =
  | { readonly ok: true; readonly config: GatewayConfig; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

interface LoadOptions {
  /** Milliseconds since the epoch, for what has expired. */
  readonly now: number;
  /** False leaves secrets and the files that they are in unread. */
  readonly readsSecrets?: boolean;
}

/**
 * Loads a configuration file: parses, checks, completes. Never rejects for what is in the file:
 * every problem is found at once, a file that is missing included.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const text = await readConfigFile(file);
  if (typeof text !== 'string') return { ok: false, problems: [wholeFile(file, text.message)] };
  const document = parseSource(text);
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error): Problem => ({ ...error, severity: 'error', file, path: '' }),
    );
    return { ok: false, problems };
  }
  const parsed = configSchema.safeParse(document.data ?? {});
  const findings = parsed.success
    ? checkConfig(parsed.data, options.now)
    : findAll(document.data, describeIssues(parsed.error.issues, configSchema), options.now);
  const problems = place(findings, document, file);
  if (!parsed.success || problems.some(({ severity }) => severity === 'error')) {
    return { ok: false, problems };
  }
  const { readsSecrets = true } = options;
  const source = { directory: dirname(resolvePath(file)), text, readsSecrets };
  try {
    return { ok: true, config: resolveConfig(parsed.data, source), warnings: problems };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ok: false, problems: [...problems, wholeFile(file, error.message)] };
  }
}

/** What the schema found, and what the checks find in the rest. */
function findAll(
  data: unknown,
  found: readonly IssueFinding[],
  now: number,
): readonly IssueFinding[] {
  const rest = salvageConfig(data);
  if (rest === undefined) return found;
  const more = checkConfig(rest.config, now)
    .map((finding) => ({ ...finding, path: rest.restore(finding.path) }))
    .filter(({ path }) => !rest.isMissing(path))
    // What was taken out may be just what a warning misses.
    .filter(({ path, severity }) => severity === 'error' || !rest.isIncomplete(path));
  return [...found, ...more];
}

async function readConfigFile(file: string): Promise<string | { readonly message: string }> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return { message: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}` };
  }
}

function wholeFile(file: string, message: string): Problem {
  return { severity: 'error', file, line: 0, column: 0, path: '', message };
}

/** In the order of the file. */
function place(
  findings: readonly IssueFinding[],
  document: SourceDocument,
  file: string,
): readonly Problem[] {
  return findings
    .map(({ severity, path, key, message }) => {
      const position = key === undefined ? document.locate(path) : document.locateKey(path, key);
      return { severity, file, ...position, path: renderPath(path), message };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
