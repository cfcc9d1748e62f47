/** A series that an error of a scrape speaks of, with the bytes that its labels really have. */
export interface AccusedSeries {
  readonly family: string;
  readonly labels: ReadonlyMap<string, Buffer>;
  /** What is wrong with it, in the error's words. */
  readonly problem: string;
}

/** `collected metric "name" { label:{...} gauge:{...} } was …`; the name is quoted or not. */
const SERIES = /collected metric "?([^"{]*?)"? \{(.*)\}\s*(.*)$/;
/** A label as Pushgateway's errors write it, `name:"job" value:"a"`, with Go's escapes. */
const LABEL = /name:"((?:[^"\\]|\\.)*)"\s+value:"((?:[^"\\]|\\.)*)"/g;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|(.))|([^\\]+)/gs;
const SINGLE: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/**
 * Reads the series out of what Pushgateway answers instead of a scrape, a line each.
 * @see client_golang `prometheus/registry.go`, `checkMetricConsistency`
 */
export function readAccusedSeries(error: string): readonly AccusedSeries[] {
  return error.split('\n').flatMap((line): readonly AccusedSeries[] => {
    const [, family, metric = '', problem = ''] = SERIES.exec(line) ?? [];
    if (family === undefined) return [];
    const labels = [...metric.matchAll(LABEL)].map(
      ([, name = '', value = '']) => [unescapeGo(name).toString(), unescapeGo(value)] as const,
    );
    return [{ family, labels: new Map(labels), problem }];
  });
}

/** Undoes the escapes of a Go string, which stand for bytes. */
function unescapeGo(text: string): Buffer {
  const parts = [...text.matchAll(ESCAPE)].map(([, hex, octal, code, single, plain = '']) => {
    if (hex !== undefined) return Buffer.from(hex, 'hex');
    if (octal !== undefined) return Buffer.from([Number.parseInt(octal, 8) & 0xff]);
    if (code !== undefined) return Buffer.from(String.fromCharCode(Number.parseInt(code, 16)));
    return Buffer.from(single === undefined ? plain : (SINGLE[single] ?? single));
  });
  return Buffer.concat(parts);
}
