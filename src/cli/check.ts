import { type Command, Option } from 'commander';
import { type Problem, renderProblem } from '../config/engine/problem.ts';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { EXIT } from './exit.ts';
import { countOf } from './plural.ts';

interface CheckOptions {
  readonly config: string;
  readonly secrets: boolean;
  readonly output: 'text' | 'json';
}

/** Adds `check`: exit status 0, or 3 when the configuration has errors. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('find every problem of a configuration, without a network')
    .requiredOption('--config <file>', 'the configuration')
    .option('--no-secrets', 'leave secrets and the files that they are in unread')
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async ({ config, secrets, output }: CheckOptions) => {
      const result = await loadConfig(config, { now: Date.now(), readsSecrets: secrets });
      console.log(
        output === 'json'
          ? JSON.stringify({ ok: result.ok, problems: listProblems(result) }, null, 2)
          : renderLoadResult(result),
      );
      if (!result.ok) process.exitCode = EXIT.refused;
    });
}

/** A line for each problem and, last, what it all came to. */
export function renderLoadResult(result: LoadResult): string {
  return [...listProblems(result).map(renderProblem), renderSummary(result)].join('\n');
}

function listProblems(result: LoadResult): readonly Problem[] {
  return result.ok ? result.warnings : result.problems;
}

function renderSummary(result: LoadResult): string {
  if (!result.ok) {
    const errors = countOf(count(result.problems, 'error'), 'error');
    return `FAILED: ${errors}, ${countOf(count(result.problems, 'warning'), 'warning')}`;
  }
  const { config, warnings } = result;
  const credentials = config.teams.flatMap((team) => team.credentials);
  const parts = [
    countOf(config.teams.length, 'team'),
    countOf(credentials.length, 'credential'),
    countOf(warnings.length, 'warning'),
  ];
  return `SUCCESS: ${parts.join(', ')}`;
}

function count(problems: readonly Problem[], severity: Problem['severity']): number {
  return problems.filter((problem) => problem.severity === severity).length;
}
