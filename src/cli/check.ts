import { type Command, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { EXIT } from './exit.ts';
import { listProblems, renderLoadResult } from './load-result.ts';
import { parseName } from './name-option.ts';

interface CheckOptions {
  readonly config: string;
  readonly secrets: boolean;
  readonly instance?: string;
  readonly output: 'text' | 'json';
}

/** Adds `check`: exit status 0, or 3 when the configuration has errors. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('find every problem of a configuration, without a network')
    .requiredOption('--config <file>', 'the configuration')
    .option('--no-secrets', 'leave secrets and the files that they are in unread')
    .option('--instance <name>', 'what `%i` stands for in paths and addresses', parseName)
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async ({ config, secrets, instance, output }: CheckOptions) => {
      const options = { now: Date.now(), readsSecrets: secrets, instance };
      const result = await loadConfig(config, options);
      console.log(
        output === 'json'
          ? JSON.stringify({ ok: result.ok, problems: listProblems(result) }, null, 2)
          : renderLoadResult(result),
      );
      if (!result.ok) process.exitCode = EXIT.refused;
    });
}
