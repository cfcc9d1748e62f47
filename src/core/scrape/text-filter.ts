import { HASH, LINE_FEED } from '../exposition/text/token.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import { createLineJudge } from './judge-line.ts';
import type { Keep, ScrapeFilter } from './scrape-filter.ts';
import { createLineBlocks } from './scrape-lines.ts';
import { readCommentName } from './series-line.ts';

/**
 * Creates the filter of a scrape in the text format 0.0.4. `# HELP` and `# TYPE` go out with the
 * first series that does, and not without one.
 */
export function createTextFilter(scope: ReadScope): ScrapeFilter {
  const judge = createLineJudge(scope);
  const header = createFamilyHeader();
  const run = createRun();

  /** False for a line that is not understood. */
  const filterLine = (bytes: Buffer, at: number, end: number): boolean => {
    if (at === end) return true;
    if (bytes[at] === HASH) return header.note(bytes, at, end);
    const isSeen = judge(bytes, at, end);
    if (isSeen === true) {
      header.take(run.add);
      run.add(bytes, at, end + 1);
    }
    return isSeen !== undefined;
  };
  const filterLines = (bytes: Buffer): boolean => {
    for (let at = 0; at < bytes.length; ) {
      let end = at;
      while (bytes[end] !== LINE_FEED) end += 1;
      if (!filterLine(bytes, at, end)) return false;
      at = end + 1;
    }
    header.hold();
    run.end();
    return true;
  };
  const lines = createLineBlocks(filterLines);
  return {
    add(chunk, keep) {
      run.begin(keep);
      return lines.add(chunk);
    },
    end: () => lines.end(),
  };
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Joins bytes that stand side by side. */
function createRun() {
  let keep: Keep = () => {};
  let bytes = NOTHING;
  let start = 0;
  let end = 0;
  const flush = (): void => {
    if (end > start) keep(bytes, start, end);
  };
  return {
    begin(to: Keep): void {
      keep = to;
    },
    add(next: Buffer, from: number, to: number): void {
      if (next !== bytes || from !== end) {
        flush();
        bytes = next;
        start = from;
      }
      end = to;
    },
    /** Lets go of the bytes. */
    end(): void {
      flush();
      bytes = NOTHING;
      start = 0;
      end = 0;
    },
  };
}

/** Keeps what stands before the series of a family until the first of them goes out. */
function createFamilyHeader() {
  let name: string | undefined;
  /** Copied. */
  let held = NOTHING;
  /** What stands behind that, in bytes that others use again. */
  let bytes = NOTHING;
  let start = 0;
  let end = 0;
  const hold = (): void => {
    if (end > start) held = Buffer.concat([held, bytes.subarray(start, end)]);
    bytes = NOTHING;
    start = 0;
    end = 0;
  };
  return {
    /** Notes a comment; false for one that is not understood. */
    note(from: Buffer, at: number, lineEnd: number): boolean {
      const line = from.toString('latin1', at, lineEnd);
      if (!line.startsWith('# HELP ') && !line.startsWith('# TYPE ')) return true;
      const next = readCommentName(line);
      if (next !== name) {
        held = NOTHING;
        start = end;
      }
      if (at !== end) {
        hold();
        start = at;
      }
      bytes = from;
      end = lineEnd + 1;
      name = next;
      return next !== undefined;
    },
    hold,
    take(keep: Keep): void {
      if (held.length > 0) keep(held, 0, held.length);
      if (end > start) keep(bytes, start, end);
      held = NOTHING;
      start = end;
    },
  };
}
