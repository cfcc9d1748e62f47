import type { Command } from 'commander';
import { createOutputOption } from '../client/options.ts';
import { type AdminOptions, addAdminOptions, showAdminRun } from './ask-admin.ts';
import type { Line } from './read-admin-lines.ts';

interface QuarantineOptions extends AdminOptions {
  readonly apply?: boolean;
  readonly output: 'table' | 'json';
}

const HINT = '--apply deletes them';
const COUNTS = ['found', 'deleted', 'kept'];

/** Adds `quarantine`: exit status 1 when with `--apply` the scrape is not whole at the end. */
export function registerQuarantine(program: Command): void {
  const command = program
    .command('quarantine')
    .description('name the groups that break the scrape for everybody, and delete them')
    .option('--apply', 'delete them; without it nothing is changed')
    .addOption(createOutputOption());
  addAdminOptions(command).action(runQuarantine);
}

async function runQuarantine({ apply = false, ...options }: QuarantineOptions): Promise<void> {
  const path = `/-/quarantine?dry_run=${!apply}`;
  await showAdminRun({ ...options, path, counts: COUNTS, tabulate, summarize });
}

function tabulate(groups: readonly Line[]): readonly (readonly string[])[] {
  const rows = groups.map(({ target, team, series, problem, end }) =>
    [target, team ?? '-', series, end, problem].map(String),
  );
  return [['TARGET', 'TEAM', 'SERIES', 'WHAT', 'PROBLEM'], ...rows];
}

function summarize(groups: readonly Line[], end: Line): readonly string[] {
  const scrape = end['scrape_whole'] === true ? 'the scrape is whole' : 'the scrape is not whole';
  const done = end['dry_run'] === true ? 'nothing was deleted' : `${end['deleted']} deleted`;
  const hint = end['dry_run'] === true && groups.length > 0 ? [HINT] : [];
  return [`${groups.length} found, ${done}; ${scrape}`, ...hint];
}
