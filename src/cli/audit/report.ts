import { type Command, Option } from 'commander';
import { readHistory } from '../../audit/read/read-history.ts';
import { renderProblem } from '../../config/engine/problem.ts';
import { pickRecord } from '../../core/audit/history/history-reader.ts';
import { LineCursor } from '../../core/audit/history/log-line.ts';
import { createMemberReader } from '../../core/audit/history/member-reader.ts';
import {
  createRecordFilter,
  FILTERED_MEMBERS,
  type RecordQuestion,
} from '../../core/audit/history/record-filter.ts';
import { listUnused } from '../../core/audit/history/unused.ts';
import {
  REPORT_KEYS,
  REPORTED_MEMBERS,
  type ReportKey,
  type ReportRow,
  UsageReport,
} from '../../core/audit/history/usage-report.ts';
import type { TeamSpec } from '../../core/policy/policy-spec.ts';
import { EXIT } from '../exit.ts';
import { addFilterOptions, toQuestion } from './filter-options.ts';
import { printLines } from './print-lines.ts';
import { renderCell } from './render-record.ts';

interface ReportOptions extends RecordQuestion {
  readonly by: ReportKey;
  readonly config?: string;
  readonly output: 'text' | 'json';
}

/** Reasons named in one row of the table. */
const SHOWN_REASONS = 3;
const HEADING = ['ALLOWED', 'REFUSED', 'WOULD REFUSE', 'LAST', 'REASONS'];

/** Adds `audit report`: exit status 0, or 1 when a file cannot be read. */
export function registerAuditReport(audit: Command): void {
  const command = audit
    .command('report')
    .description('how often what was allowed and refused, and why')
    .argument('<file...>', 'segments of an audit log, compressed or not, and of unknown callers');
  addFilterOptions(command)
    .addOption(
      new Option('--by <what>', 'a row for each').choices([...REPORT_KEYS]).default('team'),
    )
    .option('--config <file>', 'also what it has and nobody used: teams, jobs, credentials')
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(report);
}

async function report(files: readonly string[], options: ReportOptions): Promise<void> {
  const teams = options.config === undefined ? undefined : await loadTeams(options.config);
  if (teams === null) {
    process.exitCode = EXIT.failed;
    return;
  }
  const usage = await countUsage(files, options);
  const unused = teams && listUnused(options.by, teams, usage.keys());
  const rows = usage.rows();
  await printLines(
    options.output === 'json'
      ? [
          JSON.stringify(
            { by: options.by, rows: rows.map(toJson), ...(unused && { unused }) },
            null,
            2,
          ),
        ]
      : renderTable(options.by, rows, unused ?? []),
  );
}

async function countUsage(files: readonly string[], options: ReportOptions): Promise<UsageReport> {
  const usage = new UsageReport(options.by);
  const filter = createRecordFilter(toQuestion(options));
  const read = createMemberReader([...FILTERED_MEMBERS, ...REPORTED_MEMBERS]);
  for await (const block of readHistory(files)) {
    for (const line = new LineCursor(block); line.next(); ) {
      const record = pickRecord(filter, line, read);
      if (record?.event === 'decision' || record?.event === 'aggregate') usage.add(record);
    }
  }
  return usage;
}

/** Null, and the problems on stderr, when the configuration cannot be used. */
async function loadTeams(file: string): Promise<readonly TeamSpec[] | null> {
  const { loadConfig } = await import('../../config/load.ts'); // seldom asked for, and large
  const loaded = await loadConfig(file, { now: Date.now(), readsSecrets: false });
  if (loaded.ok) return loaded.config.teams;
  for (const problem of loaded.problems) console.error(renderProblem(problem));
  return null;
}

function toJson({ reasons, wouldRefuse, ...row }: ReportRow): object {
  return { ...row, would_refuse: wouldRefuse, reasons: Object.fromEntries(reasons) };
}

function renderTable(
  by: ReportKey,
  rows: readonly ReportRow[],
  unused: readonly string[],
): readonly string[] {
  const cells = [
    [by.toUpperCase(), ...HEADING],
    ...rows.map(({ key, allowed, refused, wouldRefuse, last, reasons }) => [
      key,
      allowed,
      refused,
      wouldRefuse,
      last ?? '-',
      renderReasons(reasons),
    ]),
    ...unused.map((key) => [key, 0, 0, 0, 'never', '']),
  ].map((row) => row.map(renderCell));
  const widths = [0, 1, 2, 3, 4].map((column) =>
    cells.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0),
  );
  return cells.map((row) =>
    row
      .map((cell, column) =>
        column >= 1 && column <= 3
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function renderReasons(reasons: ReportRow['reasons']): string {
  const shown = reasons.slice(0, SHOWN_REASONS).map(([reason, count]) => `${reason} ${count}`);
  return [...shown, ...(reasons.length > SHOWN_REASONS ? ['…'] : [])].join(', ');
}
