import { allow, type Decision, deny } from '../decision.ts';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const DONE = allow(undefined);

/** The lines of a scrape that comes in chunks. */
export interface ScrapeLines {
  add(chunk: Uint8Array): Decision<undefined>;
  /** A line that was cut off may have a value that was cut off. */
  end(): Decision<undefined>;
}

/**
 * Cuts a scrape in the text format into its lines, as Latin-1 of its bytes.
 * @param take - false for a line that is not understood
 */
export function createScrapeLines(take: (line: string) => boolean): ScrapeLines {
  let rest = '';
  return {
    add({ buffer, byteOffset, byteLength }) {
      const text = rest + Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
      let start = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        if (!take(text.slice(start, end))) return invalid('a line of the scrape is not understood');
        start = end + 1;
      }
      rest = text.slice(start);
      return rest.length > MAX_LINE_BYTES ? invalid('a line of the scrape is too long') : DONE;
    },
    end: () => (rest === '' ? DONE : invalid('the scrape ends within a line')),
  };
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
