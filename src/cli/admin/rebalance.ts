import type { Command } from 'commander';
import { createOutputOption } from '../client/options.ts';
import { type AdminOptions, addAdminOptions, showAdminRun } from './ask-admin.ts';
import type { Line } from './read-admin-lines.ts';

interface RebalanceOptions extends AdminOptions {
  readonly dryRun?: boolean;
  readonly awayFrom?: readonly string[];
  readonly output: 'table' | 'json';
}

const COUNTS = ['due', 'moved', 'kept', 'refused', 'copied'];

/** Adds `rebalance`: exit status 1 when not all groups are where they belong then. */
export function registerRebalance(program: Command): void {
  const command = program
    .command('rebalance')
    .description('move groups to the Pushgateway that their job belongs to')
    .option('--dry-run', 'only say what would be moved')
    .option(
      '--away-from <names...>',
      'Pushgateways that lose all groups and get no more, to be taken out of urls: batch/2',
    )
    .addOption(createOutputOption());
  addAdminOptions(command).action(rebalance);
}

async function rebalance({
  dryRun = false,
  awayFrom = [],
  ...options
}: RebalanceOptions): Promise<void> {
  const names = awayFrom.map((name) => `&away_from=${encodeURIComponent(name)}`);
  const path = `/-/rebalance?dry_run=${dryRun}${names.join('')}`;
  await showAdminRun({ ...options, path, counts: COUNTS, tabulate, summarize });
}

function tabulate(groups: readonly Line[]): readonly (readonly string[])[] {
  const rows = groups.map(({ target, team, from, to, series, end, detail }) =>
    [target, team ?? '-', from, to, series, end === 'found' ? '' : end, detail ?? ''].map(String),
  );
  const isDryRun = groups.every(({ end }) => end === 'found');
  return [['TARGET', 'TEAM', 'FROM', 'TO', 'SERIES', isDryRun ? '' : 'END', ''], ...rows];
}

function summarize(_: readonly Line[], end: Line): readonly string[] {
  const { due, moved, kept, refused, copied } = end;
  const done = end['dry_run']
    ? `${due} lie elsewhere than where they belong, nothing was moved`
    : `${due} due, ${moved} moved, ${kept} kept, ${refused} refused, ${copied} copied and not deleted`;
  return [done];
}
