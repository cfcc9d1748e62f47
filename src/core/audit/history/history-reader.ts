import type { LogLine } from './log-line.ts';
import type { ReadRecord } from './member-reader.ts';
import { type JoinedRecord, OutcomeJoin } from './outcome-join.ts';
import { type PastOutcome, type PastRecord, readPastRecord, readRequestId } from './past-record.ts';
import type { RecordFilter } from './record-filter.ts';

/**
 * Picks what is asked for out of the lines of a log, each decision with what came of it. A push that
 * was kept is told twice: when it was taken, and when it ended.
 */
export class HistoryReader {
  readonly #filter: RecordFilter;
  readonly #join = new OutcomeJoin();

  constructor(filter: RecordFilter) {
    this.#filter = filter;
  }

  /** Takes the next line; answers what is complete now. */
  take(line: LogLine): readonly JoinedRecord[] {
    if (line.event === 'outcome') {
      if (line.includes(TARGET)) return this.#takeEnd(line);
      // most are of decisions that nobody asked for
      if (!this.#join.awaitsAny() || !this.#join.awaits(readRequestId(line.text) ?? '')) {
        return NOTHING;
      }
      const outcome = readPastRecord(line.text);
      return outcome?.event === 'outcome' ? this.#join.settle(outcome) : NOTHING;
    }
    const record = pickRecord(this.#filter, line);
    return record === undefined ? NOTHING : this.#join.take(record);
  }

  /** The end of what had been kept stands for itself: its decision may be long gone by. */
  #takeEnd(line: LogLine): readonly JoinedRecord[] {
    if (!this.#filter.covers(line)) return NOTHING;
    const record = readPastRecord(line.text);
    if (record?.event !== 'outcome' || !this.#filter.matches(record)) return NOTHING;
    return this.#join.take(record);
  }

  /** Gives out what still waits for its outcome. */
  flush(): readonly JoinedRecord[] {
    return this.#join.flush();
  }
}

/** Only an outcome that stands for itself says what it is of. */
const TARGET = '"target":';
const NOTHING: readonly JoinedRecord[] = [];

/**
 * Reads a line if it is asked for; a line that is not is not read beyond its beginning.
 * @param read - takes all that the filter and the caller look at
 */
export function pickRecord(
  filter: RecordFilter,
  line: LogLine,
  read: ReadRecord = readPastRecord,
): Exclude<PastRecord, PastOutcome> | undefined {
  if (!TOLD.has(line.event) || !filter.covers(line)) return undefined;
  const record = read(line.text);
  switch (record?.event) {
    case 'decision':
    case 'aggregate':
    case 'expired':
    case 'moved':
      return filter.matches(record) ? record : undefined;
    default:
      return undefined;
  }
}

const TOLD = new Set(['decision', 'aggregate', 'expired', 'moved']);
