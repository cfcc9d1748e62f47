import { type Stamp, type StampMemory, unescapeText } from './stamp-memory.ts';

/** A scrape that came to its end. */
export interface Scrape {
  readonly status: number;
  /** Of its families. */
  readonly names: readonly string[];
  /** How many lines each of those has that were pushed. */
  readonly lines: ReadonlyMap<string, number>;
  /** Of its families whose help is not UTF-8: no Prometheus takes the scrape. */
  readonly brokenHelp: readonly string[];
  /** What Pushgateway says of itself, in the text format. */
  readonly own: string;
  /** The beginning of what was answered instead of metrics. */
  readonly error: string;
}

/** What is learnt of a store from a scrape in the text format. */
export interface ScrapeScanner {
  add(chunk: Buffer): void;
  /** Names of its families. */
  names(): ReadonlySet<string>;
  /** How many lines each of those has that were pushed. */
  lines(): ReadonlyMap<string, number>;
  /** Those whose help is not UTF-8. */
  brokenHelp(): ReadonlySet<string>;
  /** The families that Pushgateway has of its own, as they came. */
  own(): string;
}

const LINE_END = 0x0a;
const HASH = 0x23;
const NEXT_FAMILY = '\n# ';
const TYPE = '# TYPE ';
const HELP = '# HELP ';
/** What stands for bytes that are no UTF-8, or for itself. */
const REPLACED = '\uFFFD';
const STAMPS: ReadonlyMap<string, Stamp> = new Map([
  ['push_time_seconds', 'pushedAt'],
  ['push_failure_time_seconds', 'failedAt'],
]);

/** Every series that was pushed has a job, and no other has. */
const JOB = /[{,]job="/;

/** Far more than Pushgateway says of itself. */
const MAX_OWN_LENGTH = 1024 * 1024;
/** Far more than any line of a push. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

type Mode = 'unknown' | 'stamps' | 'own' | 'pushed';

/**
 * Creates the scanner of one scrape. Of families that were pushed the lines are counted once their
 * name is known, so that a scrape of any size costs little and is never held.
 * @param memory - is told the time stamps of every group
 * @see prometheus/common `expfmt/text_create.go`, `MetricFamilyToText`
 */
export function createScrapeScanner(memory?: Pick<StampMemory, 'note'>): ScrapeScanner {
  return new Scanner(memory);
}

class Scanner implements ScrapeScanner {
  readonly #memory: Pick<StampMemory, 'note'> | undefined;
  readonly #names = new Set<string>();
  readonly #lines = new Map<string, number>();
  readonly #brokenHelp = new Set<string>();
  #isHelpBroken = false;
  #own = '';
  #name = '';
  #head = '';
  #mode: Mode = 'unknown';
  #stamp: Stamp | undefined;
  /** What is cut off waits for the next chunk. */
  #pending: Buffer = Buffer.alloc(0);

  constructor(memory: Pick<StampMemory, 'note'> | undefined) {
    this.#memory = memory;
  }

  names = (): ReadonlySet<string> => this.#names;
  lines = (): ReadonlyMap<string, number> => this.#lines;
  brokenHelp = (): ReadonlySet<string> => this.#brokenHelp;
  own = (): string => this.#own;

  add(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    // what waited of a family that is passed over is the end of a line that was counted
    let at = this.#passOver(bytes, 0, this.#pending.length);
    for (let end = bytes.indexOf(LINE_END, at); end !== -1; end = bytes.indexOf(LINE_END, at)) {
      if (this.#mode === 'pushed') break;
      if (this.#mode !== 'stamps' || !this.#readStamp(bytes, at, end)) {
        this.#readLine(bytes.subarray(at, end));
      }
      at = this.#passOver(bytes, end + 1, end + 1);
    }
    const rest = bytes.subarray(at);
    this.#pending = Buffer.from(rest.length > MAX_LINE_BYTES ? rest.subarray(0, 0) : rest);
  }

  /**
   * Whatever is left of a family that was pushed, but for the line end before the next family.
   * @param counted - up to where its lines are counted
   * @returns where to go on
   */
  #passOver(bytes: Buffer, at: number, counted: number): number {
    if (this.#mode !== 'pushed') return at;
    const next = bytes.indexOf(NEXT_FAMILY, Math.max(0, at - 1));
    const last = next === -1 ? bytes.lastIndexOf(LINE_END) : next;
    this.#countLines(countLineEnds(bytes, counted, last + 1));
    if (next === -1) return Math.max(0, last);
    this.#mode = 'unknown';
    return next + 1;
  }

  #countLines(more: number): void {
    this.#lines.set(this.#name, (this.#lines.get(this.#name) ?? 0) + more);
  }

  /** There are two of them for each group: their labels are left as they are. */
  #readStamp(bytes: Buffer, at: number, end: number): boolean {
    if (this.#stamp === undefined || bytes[at] === HASH) return false;
    const from = at + this.#name.length + 1;
    const line = bytes.toString('latin1', from, end);
    const brace = line.lastIndexOf('}');
    const seconds = Number.parseFloat(line.slice(brace + 2));
    // not cut out of the line, which it would keep alive
    const labels = bytes.toString('latin1', from, from + brace);
    this.#memory?.note(labels, this.#stamp, Number.isFinite(seconds) ? seconds * 1000 : 0);
    return true;
  }

  #readLine(bytes: Buffer): void {
    const line = bytes.toString('utf8');
    if (line.startsWith(TYPE)) this.#readType(line);
    else if (!line.startsWith('# ')) this.#readSample(line);
    else {
      this.#mode = 'unknown';
      this.#isHelpBroken = line.startsWith(HELP) && hasForeignBytes(line, bytes);
    }
  }

  #readType(line: string): void {
    const declared = line.slice(TYPE.length);
    const written = declared.slice(0, declared.lastIndexOf(' '));
    this.#name = written.startsWith('"') ? unescapeText(written.slice(1, -1)) : written;
    this.#names.add(this.#name);
    if (this.#isHelpBroken) this.#brokenHelp.add(this.#name);
    this.#isHelpBroken = false;
    this.#head = `${line}\n`;
    this.#stamp = STAMPS.get(this.#name);
    this.#mode = modeOf(this.#stamp, this.#memory);
  }

  #readSample(line: string): void {
    if (this.#mode === 'unknown') this.#mode = JOB.test(line) ? 'pushed' : 'own';
    if (this.#mode === 'pushed') this.#countLines(1);
    if (this.#mode !== 'own' || this.#own.length > MAX_OWN_LENGTH) return;
    this.#own += `${this.#head}${line}\n`;
    this.#head = '';
  }
}

/** @param end - where to stop */
function countLineEnds(bytes: Buffer, from: number, end: number): number {
  let count = 0;
  for (let at = from; at < end; at += 1) if (bytes[at] === LINE_END) count += 1;
  return count;
}

/** Time stamps are passed over like what was pushed where nobody asks for them. */
function modeOf(stamp: Stamp | undefined, memory: unknown): Mode {
  if (stamp === undefined) return 'unknown';
  return memory === undefined ? 'pushed' : 'stamps';
}

/** Whether bytes that make this text are no UTF-8. */
function hasForeignBytes(text: string, bytes: Buffer): boolean {
  return text.includes(REPLACED) && !bytes.equals(Buffer.from(text));
}
