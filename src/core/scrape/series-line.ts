import { endOfString } from './quoted-string.ts';

/** A quoted string and where it ends, behind the closing quote. */
interface Quoted {
  readonly text: string;
  readonly end: number;
}

/**
 * Reads the labels of a line of the text format that is neither empty nor a comment, as Pushgateway
 * writes it; undefined for anything else. Names may be quoted, the one of the metric within the
 * braces too.
 * @param line - each byte a character
 * @see prometheus/common `expfmt/text_create.go`, `writeNameAndLabelPairs`
 */
export function readSeriesLabels(line: string): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  const open = line.indexOf('{');
  const blank = line.indexOf(' ');
  if (blank === -1) return undefined;
  if (open === -1 || blank < open) return labels;
  let at = open + 1;
  while (line[at] !== '}') {
    const end = readLabel(line, at, labels);
    if (end === undefined) return undefined;
    if (line[end] === ',') at = end + 1;
    else if (line[end] === '}') at = end;
    else return undefined;
  }
  return labels;
}

/** Reads `name="value"`, or the quoted name of the metric; where that ends. */
function readLabel(line: string, at: number, labels: Map<string, string>): number | undefined {
  const name = readName(line, at);
  if (name === undefined) return undefined;
  if (line[name.end] !== '=') return line[at] === '"' ? name.end : undefined;
  const value = readQuoted(line, name.end + 1);
  // a name that is there twice could be read in two ways
  if (value === undefined || labels.has(name.text)) return undefined;
  labels.set(name.text, value.text);
  return value.end;
}

/** The name that a `# HELP` or `# TYPE` line is about, as it stands there. */
export function readCommentName(line: string): string | undefined {
  const start = '# HELP '.length;
  if (line[start] === '"') {
    const name = readQuoted(line, start);
    return name && line.slice(start, name.end);
  }
  const end = line.indexOf(' ', start);
  return line.slice(start, end === -1 ? undefined : end);
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;

function readName(line: string, at: number): Quoted | undefined {
  if (line[at] === '"') return readQuoted(line, at);
  NAME.lastIndex = at;
  const text = NAME.exec(line)?.[0];
  return text === undefined ? undefined : { text, end: at + text.length };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' };

function readQuoted(line: string, at: number): Quoted | undefined {
  if (line[at] !== '"') return undefined;
  const end = endOfString(line, at);
  if (end === -1) return undefined;
  const raw = line.slice(at + 1, end);
  const bytes = raw.includes('\\')
    ? raw.replaceAll(/\\(.)/g, (all, character: string) => ESCAPES[character] ?? all)
    : raw;
  return { text: decode(bytes), end: end + 1 };
}

const NOT_ASCII = /[\u0080-\u00ff]/;

function decode(latin1: string): string {
  return NOT_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}
