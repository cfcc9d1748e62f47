import { allow, type Decision, deny } from '../decision.ts';
import type { ReadScope } from '../policy/read-scope.ts';
import type { ScrapeFilter } from './scrape-filter.ts';
import { readCommentName, readSeriesLabels } from './series-line.ts';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Creates the filter of a scrape in the text format 0.0.4. `# HELP` and `# TYPE` go out with the
 * first series that does, and not without one.
 */
export function createTextFilter(scope: ReadScope): ScrapeFilter {
  let rest = '';
  const header = createFamilyHeader();

  const filterLine = (line: string): string | undefined => {
    if (line === '') return '';
    if (line.startsWith('#')) return header.note(line) ? '' : undefined;
    const labels = readSeriesLabels(line);
    if (labels === undefined) return undefined;
    return scope.sees(labels) ? `${header.take()}${line}\n` : '';
  };

  const filterLines = (text: string): Decision<Buffer> => {
    let kept = '';
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = filterLine(text.slice(start, end));
      if (line === undefined) return invalid('a line of the scrape is not understood');
      kept += line;
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length > MAX_LINE_BYTES) return invalid('a line of the scrape is too long');
    return allow(kept === '' ? NOTHING : Buffer.from(kept, 'latin1'));
  };

  return {
    add: (chunk) => filterLines(rest + toLatin1(chunk)),
    // a line that was cut off may have a value that was cut off
    end: () => (rest === '' ? allow(NOTHING) : invalid('the scrape ends within a line')),
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

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}

function toLatin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
