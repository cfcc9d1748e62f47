import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { followLogs } from '../../audit/read/follow-logs.ts';
import { readHistory } from '../../audit/read/read-history.ts';
import { findLastLineEnd, isCompressed } from '../../audit/read/segment-lines.ts';
import { isClosedSegmentName } from '../../core/audit/audit-file-names.ts';
import { HistoryReader } from '../../core/audit/history/history-reader.ts';
import { createLogLine, LineCursor } from '../../core/audit/history/log-line.ts';
import type { JoinedRecord } from '../../core/audit/history/outcome-join.ts';
import { createRecordFilter, type RecordQuestion } from '../../core/audit/history/record-filter.ts';
import { addFilterOptions, toQuestion } from './filter-options.ts';
import { printLines } from './print-lines.ts';
import { RECORD_HEADING, renderJsonRecord, renderRecord } from './render-record.ts';

interface ShowOptions extends RecordQuestion {
  readonly follow?: boolean;
  readonly output: 'text' | 'json';
}

type Print = (joined: readonly JoinedRecord[]) => Promise<void>;

/** Adds `audit show`: exit status 0, or 1 when a file cannot be read. */
export function registerAuditShow(audit: Command): void {
  const command = audit
    .command('show')
    .description('decisions and what came of them, the newest last')
    .argument('<file...>', 'segments of an audit log, compressed or not, and of unknown callers');
  addFilterOptions(command)
    .option('--follow', 'go on with what is recorded from now on')
    .addOption(
      new Option('--output <format>', 'json: a record on each line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(show);
}

async function show(files: readonly string[], options: ShowOptions): Promise<void> {
  const reader = new HistoryReader(createRecordFilter(toQuestion(options)));
  const isText = options.output === 'text';
  const render = isText ? renderRecord : renderJsonRecord;
  const print: Print = (joined) => printLines(joined.map(render));
  const growing = options.follow ? files.filter(isGrowing) : [];
  const ends = new Map(growing.map((file) => [file, findLastLineEnd(file)]));
  if (isText) await printLines([RECORD_HEADING]);
  for await (const block of readHistory(files, ends)) {
    const joined: JoinedRecord[] = [];
    for (const line = new LineCursor(block); line.next(); ) joined.push(...reader.take(line));
    await print(joined);
  }
  if (options.follow) await follow(ends, reader, print);
  await print(reader.flush());
}

async function follow(
  starts: ReadonlyMap<string, number>,
  reader: HistoryReader,
  print: Print,
): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  for await (const lines of followLogs(starts, stop.signal)) {
    for (const text of lines) {
      const line = createLogLine(text);
      if (line !== undefined) await print(reader.take(line));
    }
  }
}

/** A closed segment does not grow. */
function isGrowing(file: string): boolean {
  return !isClosedSegmentName(basename(file)) && !isCompressed(file);
}
