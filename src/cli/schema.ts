import type { Command } from 'commander';
import { renderJsonSchema } from '../config/schema.ts';

/** Adds `schema`. */
export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(() => console.log(JSON.stringify(renderJsonSchema(), null, 2)));
}
