import type { Command } from 'commander';
import { createOutputOption } from '../client/options.ts';
import { renderSpan } from '../client/render-span.ts';
import { EXIT } from '../exit.ts';
import { type AdminOptions, addAdminOptions, showAdminRun } from './ask-admin.ts';
import type { Line } from './read-admin-lines.ts';

interface JanitorRunOptions extends AdminOptions {
  readonly dryRun?: boolean;
  readonly output: 'table' | 'json';
}

const COUNTS = ['due', 'deleted', 'kept', 'refused'];

/** Adds `janitor run`: exit status 1 when not all of what is due was deleted. */
export function registerJanitorRun(janitor: Command): void {
  const command = janitor
    .command('run')
    .description('delete the groups that are older than the group_ttl of their team, now')
    .option('--dry-run', 'only say what would be deleted')
    .addOption(createOutputOption());
  addAdminOptions(command).action(runJanitor);
}

async function runJanitor({ dryRun = false, ...options }: JanitorRunOptions): Promise<void> {
  const path = `/-/janitor?dry_run=${dryRun}`;
  const end = await showAdminRun({ ...options, path, counts: COUNTS, tabulate, summarize });
  if (dryRun || end['dry_run'] !== true) return;
  console.error('pushwarden: janitor.dry_run is true in the configuration: nothing was deleted');
  process.exitCode = EXIT.failed;
}

function tabulate(groups: readonly Line[]): readonly (readonly string[])[] {
  const rows = groups.map(({ target, team, age_seconds, series }) =>
    [target, team, renderSpan(Number(age_seconds) * 1000), series].map(String),
  );
  return [['TARGET', 'TEAM', 'AGE', 'SERIES'], ...rows];
}

function summarize(_: readonly Line[], end: Line): readonly string[] {
  const { due, deleted, kept, refused } = end;
  const done = end['dry_run']
    ? `${due} due, nothing was deleted`
    : `${due} due, ${deleted} deleted, ${kept} kept, ${refused} refused by Pushgateway`;
  return [done];
}
