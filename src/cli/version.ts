import type { Command } from 'commander';
import { VERSION } from '../version.ts';

/** Adds `version`. */
export function registerVersion(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`pushwarden ${VERSION}`));
}
