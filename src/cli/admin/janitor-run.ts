import type { Command } from 'commander';
import { createOutputOption } from '../client/options.ts';
import { renderTable } from '../client/render-table.ts';
import { EXIT } from '../exit.ts';
import { addAdminOption, askAdmin } from './ask-admin.ts';

interface JanitorRunOptions {
  readonly admin: string;
  readonly dryRun?: boolean;
  readonly output: 'table' | 'json';
}

type Line = Readonly<Record<string, unknown>>;

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
  const groups: Line[] = [];
  let end: Line | undefined;
  for await (const line of askAdmin(admin, `/-/janitor?dry_run=${dryRun}`)) {
    if ('status' in line) end = line;
    else groups.push(line);
  }
  if (end === undefined) throw new Error('the answer has no end: is the gateway an older one?');
  if (output === 'json') console.log(JSON.stringify({ ...end, groups }, undefined, 2));
  else for (const line of renderRun(groups, end)) console.log(line);
  const isMuzzled = !dryRun && end['dry_run'] === true;
  if (isMuzzled) {
    console.error('pushwarden: janitor.dry_run is true in the configuration: nothing was deleted');
  }
  const why = end['ended_early'];
  if (why !== undefined) console.error(`pushwarden: it ended early: ${String(why)}`);
  if (end['status'] !== 'success' || isMuzzled) process.exitCode = EXIT.failed;
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
