import type { Command } from 'commander';
import { renderJson } from '../../core/printable.ts';
import type { ListedGroup } from '../../core/store/group-listing.ts';
import { addConnectionOptions, type ConnectionOptions, resolveConnection } from './connection.ts';
import { type GroupSelection, hasFailed, listGroups, renderLabels } from './group-list.ts';
import { createOutputOption, createTimeoutOption, parseDurationOption } from './options.ts';
import { renderSpan } from './render-span.ts';
import { renderTable } from './render-table.ts';
import { reportFailure } from './report.ts';

interface GroupsOptions extends ConnectionOptions, GroupSelection {
  readonly timeout: number;
  readonly output: 'table' | 'json';
}

/** Adds `groups`: what of the store the caller may see. */
export function registerGroups(program: Command): void {
  const groups = program
    .command('groups')
    .description('list the groups that Pushgateway holds and this credential may see')
    .option('--job <glob>', 'only these jobs; * is any run of characters')
    .option('--older-than <duration>', 'only what was not pushed for so long', parseDurationOption)
    .option('--failed', 'only groups whose last push failed')
    .addOption(createTimeoutOption('for everything', '30s'))
    .addOption(createOutputOption());
  addConnectionOptions(groups).action(async (options: GroupsOptions) => {
    const found = await listGroups(resolveConnection(options), options, options.timeout);
    if (found.kind !== 'listed') reportFailure(found);
    else if (options.output === 'json') console.log(renderJson(found.groups));
    else console.log(renderGroupTable(found.groups, Date.now()));
  });
}

/** A table for people: one group a line. */
export function renderGroupTable(groups: readonly ListedGroup[], now: number): string {
  if (groups.length === 0) return 'no groups';
  const isShared = new Set(groups.map(({ team }) => team)).size > 1;
  const head = [
    'JOB',
    'KEY',
    ...(isShared ? ['TEAM'] : []),
    'AGE',
    'SERIES',
    'EXPIRES',
    'FAILED',
    'BY',
  ];
  const rows = groups.map((group) => [
    group.job,
    renderLabels(group) || '-',
    ...(isShared ? [group.team ?? '-'] : []),
    renderAge(group.pushed_at, now),
    String(group.series),
    renderAhead(group.expires_at, now),
    hasFailed(group) ? `${renderAge(group.failed_at, now)} ago` : '-',
    group.credential ?? '-',
  ]);
  return renderTable([head, ...rows]);
}

function renderAge(time: string | null, now: number): string {
  return time === null ? '-' : renderSpan(now - Date.parse(time));
}

function renderAhead(time: string | null, now: number): string {
  if (time === null) return 'never';
  const ms = Date.parse(time) - now;
  return ms <= 0 ? 'due' : `in ${renderSpan(ms)}`;
}
