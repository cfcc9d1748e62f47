import type { Comparison, RefusedGroup } from '../../core/compare/comparison.ts';
import type { Deny } from '../../core/decision.ts';
import { renderPrintable } from '../../core/printable.ts';
import { labelsByName } from '../../core/target/grouping-key.ts';
import { countOf } from '../plural.ts';

const CELL_BYTES = 512;
const HEADING = ['TEAM', 'GROUPS', 'SERIES', 'REFUSED'];

/** For people: a table of the teams, then what is refused, once for each job and reason. */
export function renderComparison(comparison: Comparison, unseen: readonly string[]): string {
  const { groups, teams, refused, warnings } = comparison;
  const orphans = refused.filter(isOrphan);
  const rows = teams.map((row) => [row.team, row.groups, row.series, row.refused]);
  const ownerless = groups - teams.reduce((sum, row) => sum + row.groups, 0);
  if (ownerless > 0) rows.push(['(no team)', ownerless, '', ownerless]);
  const verdict =
    refused.length > 0
      ? `FAILED: ${refused.length} of ${countOf(groups, 'group')} would be refused`
      : `SUCCESS: ${countOf(groups, 'group')}, ${countOf(teams.length, 'team')}`;
  return [
    ...renderTable([HEADING, ...rows]),
    ...renderSection('jobs of no team', listOrphans(orphans)),
    ...renderSection('would be refused', listRefused(refused.filter((group) => !isOrphan(group)))),
    ...renderSection('warnings', warnings),
    ...renderSection('cannot be seen from the admin side: use --upstream', unseen),
    '',
    verdict,
  ].join('\n');
}

/** For programs: every group that is refused, with everything that is known of why. */
export function renderJsonComparison(comparison: Comparison, unseen: readonly string[]): string {
  const { groups, series, bytes, teams, refused, warnings } = comparison;
  const jobs = countJobs(refused.filter(isOrphan));
  return JSON.stringify(
    {
      groups,
      series,
      bytes,
      teams,
      jobs_of_no_team: [...jobs].map(([job, count]) => ({ job, groups: count })),
      refused: refused.map(({ target, key, team = null, refusals }) => ({
        target,
        job: key.job,
        grouping_key: labelsByName(key.labels),
        team,
        reason: refusals[0]?.reason,
        refusals: refusals.map(toJson),
      })),
      warnings,
      not_compared: unseen,
    },
    null,
    2,
  );
}

function toJson({ reason, detail, hints, internal }: Deny): object {
  return { reason, detail, hints, ...(internal !== undefined && { where: internal }) };
}

/** What no team may push, whatever else is wrong with it. */
function isOrphan({ refusals }: RefusedGroup): boolean {
  return refusals.some(({ reason }) => reason === 'job_not_allowed');
}

function countJobs(orphans: readonly RefusedGroup[]): ReadonlyMap<string, number> {
  const jobs = new Map<string, number>();
  for (const { key } of orphans) jobs.set(key.job, (jobs.get(key.job) ?? 0) + 1);
  return jobs;
}

function listOrphans(orphans: readonly RefusedGroup[]): readonly string[] {
  return [...countJobs(orphans)].map(([job, count]) => `${job}: ${countOf(count, 'group')}`);
}

/** Groups of one job with the same to say are one line. */
function listRefused(refused: readonly RefusedGroup[]): readonly string[] {
  const lines = new Map<string, { readonly example: string; count: number }>();
  for (const { target, key, team, refusals } of refused) {
    for (const refusal of refusals) {
      const what = `${key.job} (${team ?? 'no team'}): ${describe(refusal)}`;
      const known = lines.get(what);
      if (known === undefined) lines.set(what, { example: target, count: 1 });
      else known.count += 1;
    }
  }
  return [...lines].map(
    ([what, { example, count }]) => `${what}; ${countOf(count, 'group')}, such as ${example}`,
  );
}

function describe({ reason, detail = '', hints = [], internal }: Deny): string {
  const where = internal === undefined ? [] : [internal];
  return `${reason}: ${[detail, ...hints, ...where].join('; ')}`;
}

function renderSection(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return ['', `${title}:`, ...lines.map((line) => `  ${renderPrintable(line, CELL_BYTES)}`)];
}

/** Names to the left, numbers to the right. */
function renderTable(rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const cells = rows.map((row) => row.map((cell) => renderPrintable(String(cell), CELL_BYTES)));
  const widths = HEADING.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
