import { type JoinedRecord, OutcomeJoin } from './outcome-join.ts';
import { type LineHead, type PastRecord, readPastRecord, readRequestId } from './past-record.ts';
import type { RecordFilter } from './record-filter.ts';

/** Picks what is asked for out of the lines of a log, each decision with what came of it. */
export class HistoryReader {
  readonly #filter: RecordFilter;
  readonly #join = new OutcomeJoin();

  constructor(filter: RecordFilter) {
    this.#filter = filter;
  }

  /** Takes the next line; answers what is complete now. */
  take(head: LineHead, line: string): readonly JoinedRecord[] {
    if (head.event === 'outcome') {
      // most are of decisions that nobody asked for
      const isAwaited = this.#join.awaits(readRequestId(line) ?? '');
      const outcome = isAwaited ? readPastRecord(line) : undefined;
      return outcome?.event === 'outcome' ? this.#join.settle(outcome) : [];
    }
    const record = pickRecord(this.#filter, head, line);
    return record === undefined ? [] : this.#join.take(record);
  }

  /** Gives out what still waits for its outcome. */
  flush(): readonly JoinedRecord[] {
    return this.#join.flush();
  }
}

/** Reads a line if it is asked for; a line that is not is not read beyond its beginning. */
export function pickRecord(
  filter: RecordFilter,
  head: LineHead,
  line: string,
): PastRecord | undefined {
  if (!TOLD.has(head.event) || !filter.covers(head, line)) return undefined;
  const record = readPastRecord(line);
  switch (record?.event) {
    case 'decision':
    case 'aggregate':
    case 'expired':
      return filter.matches(record) ? record : undefined;
    default:
      return undefined;
  }
}

const TOLD = new Set(['decision', 'aggregate', 'expired']);
