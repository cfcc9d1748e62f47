import type { Command } from 'commander';
import { createOutputOption } from '../client/options.ts';
import { renderTable } from '../client/render-table.ts';
import { EXIT } from '../exit.ts';
import { addAdminOption, type Line, showAdminRun } from './ask-admin.ts';

interface JanitorRunOptions {
  readonly admin: string;
  readonly dryRun?: boolean;
  readonly output: 'table' | 'json';
}

/** Adds `janitor run`: exit status 1 when not all of what is due was deleted. */
export function registerJanitorRun(janitor: Command): void {
  const command = janitor
    .command('run')
    .description('delete the groups that are older than the group_ttl of their team, now')
    .option('--dry-run', 'only say what would be deleted')
    .addOption(createOutputOption());
  addAdminOption(command).action(runJanitor);
}

async function runJanitor({ admin, dryRun = false, output }: JanitorRunOptions): Promise<void> {
  const path = `/-/janitor?dry_run=${dryRun}`;
  const end = await showAdminRun({ admin, path, output, render: renderRun });
  if (dryRun || end['dry_run'] !== true) return;
  console.error('pushwarden: janitor.dry_run is true in the configuration: nothing was deleted');
  process.exitCode = EXIT.failed;
}

function renderRun(groups: readonly Line[], end: Line): readonly string[] {
  const rows = groups.map(({ target, team, age_seconds, series }) =>
    [target, team, `${age_seconds}s`, series].map(String),
  );
  const { due, deleted, kept, refused } = end;
  const done = end['dry_run']
    ? `${due} due, nothing was deleted`
    : `${due} due, ${deleted} deleted, ${kept} kept, ${refused} refused by Pushgateway`;
  const table =
    rows.length === 0 ? [] : [renderTable([['TARGET', 'TEAM', 'AGE', 'SERIES'], ...rows])];
  return [...table, done];
}
