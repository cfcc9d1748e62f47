import { followLogs } from '../audit/read/follow-logs.ts';
import { nameUnknownLog } from '../core/audit/audit-file-names.ts';
import { HistoryReader } from '../core/audit/history/history-reader.ts';
import { createLogLine } from '../core/audit/history/log-line.ts';
import type { JoinedRecord } from '../core/audit/history/outcome-join.ts';
import type { PastDecision } from '../core/audit/history/past-record.ts';
import { createRecordFilter } from '../core/audit/history/record-filter.ts';
import { renderPrintable } from '../core/printable.ts';

const TEAM_WIDTH = 8;
const MAX_TEXT_BYTES = 256;

/**
 * Tells of each push, deletion and refusal in a line, as the audit log gets it, until `signal`
 * aborts.
 * @param auditFile the log of known callers; that of unknown ones is beside it
 */
export async function tellDemoEvents(
  auditFile: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = new HistoryReader(createRecordFilter({}));
  const starts = new Map([auditFile, nameUnknownLog(auditFile)].map((file) => [file, 0]));
  for await (const lines of followLogs(starts, signal)) {
    for (const text of lines) {
      const line = createLogLine(text);
      const joined = line === undefined ? [] : reader.take(line);
      for (const event of joined.flatMap(renderDemoEvent)) say(event);
    }
  }
}

/** One line; none for a read that was allowed: a Prometheus that scrapes would fill the screen. */
export function renderDemoEvent({ record, outcome }: JoinedRecord): readonly string[] {
  const time = new Date(record.time).toTimeString().slice(0, 8);
  const team = show(record.team ?? 'unknown').padEnd(TEAM_WIDTH);
  switch (record.event) {
    case 'decision': {
      const { decision, method, target } = record;
      if (decision === 'allow' && method === 'GET') return [];
      const result = decision === 'deny' ? renderRefusal(record) : renderEnd(record, outcome);
      return [`  ${time}  ${team}  ${show(method)} ${show(target)}: ${result}`];
    }
    case 'aggregate':
      if (record.reason === 'ok') return [];
      return [`  ${time}  ${team}  refused ${record.count} times: ${record.reason}`];
    case 'moved': // a demo has one Pushgateway
      return [];
    case 'outcome':
      return [`  ${time}  ${team}  ${show(record.target ?? '')}: ${record.status}`];
    case 'expired': {
      const end = outcome?.status === 202 ? 'deleted' : 'not deleted';
      return [
        `  ${time}  ${team}  ${show(record.target)}: ${end} ${record.by === 'janitor' ? 'for its age' : 'for it breaks the scrape'}`,
      ];
    }
  }
}

function renderRefusal({ reason, detail }: PastDecision): string {
  return detail === undefined ? `refused, ${reason}` : `refused, ${reason}: ${show(detail)}`;
}

function renderEnd({ method, series = 0 }: PastDecision, outcome: JoinedRecord['outcome']): string {
  const { status = 'no outcome', reason } = outcome ?? {};
  if (typeof status !== 'number' || status >= 300) {
    return ['failed', String(status), ...(reason === undefined ? [] : [reason])].join(', ');
  }
  return method === 'DELETE' ? 'deleted' : `stored, ${series} series`;
}

function show(text: string): string {
  return renderPrintable(text, MAX_TEXT_BYTES);
}
