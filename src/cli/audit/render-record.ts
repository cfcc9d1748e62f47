import { toAscii } from '../../core/audit/audit-entry.ts';
import type { JoinedRecord } from '../../core/audit/history/outcome-join.ts';
import type { PastOutcome } from '../../core/audit/history/past-record.ts';
import { renderPrintable } from '../../core/printable.ts';

/** Widths of the columns but the last ones; a longer value moves the rest. */
const WIDTHS = [24, 22, 6, 22, 15, 32];
const MAX_CELL_BYTES = 512;

/** The names of the columns of `renderRecord`. */
export const RECORD_HEADING = renderCells([
  'TIME',
  'TEAM/CREDENTIAL',
  'METHOD',
  'RESULT',
  'CLIENT',
  'TARGET',
  'DETAIL',
]);

/** One line for people; nothing in it can end the line or move the cursor. */
export function renderRecord(joined: JoinedRecord): string {
  const { record } = joined;
  return renderCells([
    record.time,
    renderWho(joined),
    'method' in record ? record.method : '',
    renderResult(joined),
    renderClient(joined),
    record.event === 'aggregate' ? '' : (record.target ?? ''),
    renderDetail(joined),
  ]);
}

/** The record as it stands in the log, with its outcome, on one line of ASCII. */
export function renderJsonRecord({ record, outcome }: JoinedRecord): string {
  return toAscii(JSON.stringify({ ...record, ...(outcome && { outcome }) }));
}

/** A value of a table, from whoever it came. */
export function renderCell(value: unknown): string {
  return renderPrintable(String(value), MAX_CELL_BYTES);
}

function renderCells(cells: readonly unknown[]): string {
  return cells
    .slice(0, cells.findLastIndex((cell) => cell !== '') + 1)
    .map((cell, index) => renderCell(cell === '' ? '-' : cell).padEnd(WIDTHS[index] ?? 0))
    .join('  ')
    .trimEnd();
}

function renderDetail({ record, outcome }: JoinedRecord): string {
  if (record.event === 'decision') {
    return [...(record.detail ? [record.detail] : []), ...describeSending(outcome)].join('; ');
  }
  if (record.event === 'aggregate') return '';
  if (record.event === 'outcome') return renderKept(record);
  if (record.event === 'moved') return `${record.from} to ${record.to}, ${record.series} series`;
  return `last push ${record.age_seconds} s ago, ${record.series} series`;
}

function renderWho({ record }: JoinedRecord): string {
  if (record.event === 'expired' || record.event === 'moved') {
    return `${record.team ?? ''}/(${record.by})`;
  }
  const { team, credential } = record;
  if (team === undefined) return '';
  if (record.event === 'outcome') return `${team}/${credential ?? ''}`;
  return `${team}/${record.scheme === 'none' ? '(none)' : (credential ?? '')}`;
}

function renderClient({ record }: JoinedRecord): string {
  if (record.event !== 'decision' && record.event !== 'aggregate') return '';
  const other = record.event === 'decision' ? record.peer_ip : record.client_network;
  return record.client_ip ?? other ?? '';
}

function renderResult({ record, outcome }: JoinedRecord): string {
  if (record.event === 'expired' || record.event === 'moved') {
    return renderEnd(record.event, outcome);
  }
  if (record.event === 'outcome') {
    return record.reason === undefined
      ? String(record.status)
      : `${record.status} ${record.reason}`;
  }
  if (record.event === 'aggregate') {
    return `${record.count} x ${record.reason === 'ok' ? 'allow' : record.reason}`;
  }
  if (record.decision === 'deny') return record.reason;
  const status = record.method === 'GET' ? 'allow' : String(outcome?.status ?? 'no outcome');
  const why = outcome?.reason === undefined ? status : `${status} ${outcome.reason}`;
  return record.would_deny === undefined ? why : `${why} (would: ${record.would_deny})`;
}

/** What an outcome tells beside its status. */
function describeSending(outcome: PastOutcome | undefined): readonly string[] {
  const { attempts = 1, group_removed, client_gone } = outcome ?? {};
  return [
    ...(attempts > 1 ? [`sent ${attempts} times`] : []),
    ...(group_removed ? ['the group that it left behind was deleted'] : []),
    ...(client_gone ? ['the client left before the answer'] : []),
  ];
}

/** When what ends was taken, and why it was not sent or is sent again. */
function renderKept({ duration_ms, replaced_by, restored }: PastOutcome): string {
  const ago = `taken ${(duration_ms / 1000).toFixed(1)} s ago`;
  if (restored) return `${ago}; Pushgateway had lost it`;
  return replaced_by === undefined ? ago : `${ago}; ${replaced_by} took its place`;
}

/** A group that was to be deleted for its age, or moved: whether it was. */
function renderEnd(what: string, outcome: JoinedRecord['outcome']): string {
  const { status = 'no outcome', reason } = outcome ?? {};
  if (status === 200 || status === 202) return what;
  return [`${what}:`, status, ...(reason === undefined ? [] : [reason])].join(' ');
}
