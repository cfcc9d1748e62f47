/** Gathers the names of the families of a scrape in the text format while it arrives. */
export interface ScrapedNames {
  add(chunk: Uint8Array): void;
  names(): ReadonlySet<string>;
}

const MARK = '\n# TYPE ';
const LINE_END = 0x0a;
const QUOTE = '"';

/**
 * Creates an empty collection. Every family begins with a line of its type; the rest is passed over,
 * so that a scrape of any size costs little.
 * @see prometheus/common `expfmt/text_create.go`, `MetricFamilyToText`
 */
export function createScrapedNames(): ScrapedNames {
  const names = new Set<string>();
  // The first line has no line end before it; what is cut off waits for the next chunk.
  let pending = Buffer.from('\n');
  return {
    add(chunk) {
      const bytes = Buffer.concat([pending, chunk]);
      const end = bytes.lastIndexOf(LINE_END);
      for (let at = bytes.indexOf(MARK); at !== -1 && at < end; at = bytes.indexOf(MARK, at + 1)) {
        const lineEnd = bytes.indexOf(LINE_END, at + 1);
        if (lineEnd === -1) break;
        names.add(readName(bytes.toString('utf8', at + MARK.length, lineEnd)));
      }
      pending = bytes.subarray(end);
    },
    names: () => names,
  };
}

/** Reads `name type`; names that are none in the text format are in quotes. */
function readName(line: string): string {
  const name = line.slice(0, line.lastIndexOf(' '));
  return name.startsWith(QUOTE) ? unquote(name) : name;
}

function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return inner.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
