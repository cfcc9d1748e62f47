import { allow } from '../decision.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import type { ScrapeFilter } from './scrape-filter.ts';
import { createScrapeLines } from './scrape-lines.ts';
import { readCommentName, readSeriesLabels } from './series-line.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Creates the filter of a scrape in the text format 0.0.4. `# HELP` and `# TYPE` go out with the
 * first series that does, and not without one.
 */
export function createTextFilter(scope: ReadScope): ScrapeFilter {
  let kept = '';
  const header = createFamilyHeader();
  const lines = createScrapeLines((line) => {
    if (line === '') return true;
    if (line.startsWith('#')) return header.note(line);
    const labels = readSeriesLabels(line);
    if (labels !== undefined && scope.sees(labels)) kept += `${header.take()}${line}\n`;
    return labels !== undefined;
  });
  return {
    add(chunk) {
      kept = '';
      const taken = lines.add(chunk);
      if (taken.effect === 'deny') return taken;
      return allow(kept === '' ? NOTHING : Buffer.from(kept, 'latin1'));
    },
    end() {
      const ended = lines.end();
      return ended.effect === 'deny' ? ended : allow(NOTHING);
    },
  };
}

/** Keeps what stands before the series of a family until the first of them goes out. */
function createFamilyHeader() {
  let name: string | undefined;
  let lines = '';
  return {
    /** Notes a comment; false for one that is not understood. */
    note(line: string): boolean {
      if (!line.startsWith('# HELP ') && !line.startsWith('# TYPE ')) return true;
      const next = readCommentName(line);
      lines = next === name ? `${lines}${line}\n` : `${line}\n`;
      name = next;
      return next !== undefined;
    },
    take(): string {
      const taken = lines;
      lines = '';
      return taken;
    },
  };
}
