import { type Command, Option } from 'commander';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { type Problem, renderProblem } from '../config/problem.ts';
import { EXIT } from './exit.ts';

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
      const problems = result.ok ? result.warnings : result.problems;
      console.log(
        output === 'json'
          ? JSON.stringify({ ok: result.ok, problems }, null, 2)
          : [...problems.map(renderProblem), renderSummary(result)].join('\n'),
      );
      if (!result.ok) process.exitCode = EXIT.refused;
    });
}

function renderSummary(result: LoadResult): string {
  if (!result.ok) {
    const { problems } = result;
    const errors = count(problems, 'error');
    return `FAILED: ${plural(errors, 'error')}, ${plural(count(problems, 'warning'), 'warning')}`;
  }
  const { teams } = result.config;
  const credentials = teams.flatMap((team) => team.credentials).length;
  const parts = [plural(teams.length, 'team'), plural(credentials, 'credential')];
  return `SUCCESS: ${[...parts, plural(result.warnings.length, 'warning')].join(', ')}`;
}

function count(problems: readonly Problem[], severity: Problem['severity']): number {
  return problems.filter((problem) => problem.severity === severity).length;
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
