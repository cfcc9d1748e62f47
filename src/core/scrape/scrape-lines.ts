import { allow, type Decision, deny } from '../decision.ts';
import { LINE_FEED } from '../exposition/text/token.ts';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const DONE = allow(undefined);
const NOT_UNDERSTOOD = invalid('a line of the scrape is not understood');
const TOO_LONG = invalid('a line of the scrape is too long');

/** The lines of a scrape that comes in chunks. */
export interface ScrapeLines {
  /** Nothing of the chunk is held. */
  add(chunk: Uint8Array): Decision<undefined>;
  /** A line that was cut off may have a value that was cut off. */
  end(): Decision<undefined>;
}

/**
 * Cuts a scrape in the text format into its lines, as Latin-1 of its bytes.
 * @param take - false for a line that is not understood
 */
export function createScrapeLines(take: (line: string) => boolean): ScrapeLines {
  return createLineBlocks((lines) => {
    const text = lines.toString('latin1');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      if (!take(text.slice(start, end))) return false;
      start = end + 1;
    }
    return true;
  });
}

/**
 * Cuts a scrape in the text format where lines end.
 * @param take - given whole lines; false for one that is not understood
 */
export function createLineBlocks(take: (lines: Buffer) => boolean): ScrapeLines {
  /** Of a line that is not whole. */
  let parts: Buffer[] = [];
  let held = 0;
  return {
    add(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      let start = 0;
      if (end > 0 && held > 0) {
        start = bytes.indexOf(LINE_FEED) + 1;
        const line = Buffer.concat([...parts, bytes.subarray(0, start)]);
        [parts, held] = [[], 0];
        if (!take(line)) return NOT_UNDERSTOOD;
      }
      if (end > start && !take(bytes.subarray(start, end))) return NOT_UNDERSTOOD;
      if (end < bytes.length) {
        parts.push(Buffer.from(bytes.subarray(end)));
        held += bytes.length - end;
      }
      return held > MAX_LINE_BYTES ? TOO_LONG : DONE;
    },
    end: () => (held === 0 ? DONE : invalid('the scrape ends within a line')),
  };
}

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
